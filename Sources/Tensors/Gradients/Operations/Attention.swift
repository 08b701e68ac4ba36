/// How rows attend to each other.
public struct AttentionLayout: Sendable, Equatable {
  /// Rows of each sequence; they lie one after the other, without padding.
  public var lengths: [Int]
  /// Heads of the queries.
  public var heads: Int
  /// Heads of keys and values, of which each serves `heads / keyValueHeads` of the queries.
  public var keyValueHeads: Int
  /// Width of a head.
  public var headWidth: Int
  /// Whether a row sees only itself and those before it.
  public var isCausal: Bool

  /// A shape from its parts.
  public init(lengths: [Int], heads: Int, keyValueHeads: Int, headWidth: Int, isCausal: Bool) {
    precondition(
      keyValueHeads > 0 && heads % keyValueHeads == 0,
      "\(heads) heads and \(keyValueHeads)"
    )
    self.lengths = lengths
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.isCausal = isCausal
  }

  var queryWidth: Int { heads * headWidth }
  var keyValueWidth: Int { keyValueHeads * headWidth }
  var rows: Int { lengths.reduce(0, +) }
}

extension Tape {
  /// softmax(q · kᵀ / √headWidth) · v in every head of every sequence.
  ///
  /// Vaswani et al., arXiv:1706.03762; shared heads: Ainslie et al., arXiv:2305.13245.
  ///
  /// - Parameters:
  ///   - q: (rows, heads · headWidth).
  ///   - k: (rows, keyValueHeads · headWidth).
  ///   - v: like k.
  /// - Returns: (rows, heads · headWidth).
  public func attention(
    _ q: Variable<Number>,
    _ k: Variable<Number>,
    _ v: Variable<Number>,
    _ shape: AttentionLayout
  ) -> Variable<Number> {
    let (wide, narrow) = (shape.queryWidth, shape.keyValueWidth)
    precondition(q.rows == shape.rows && q.columns == wide, "queries (\(q.rows), \(q.columns))")
    for x in [k, v] {
      precondition(x.rows == shape.rows && x.columns == narrow, "keys (\(x.rows), \(x.columns))")
    }
    let y = result(q.rows, wide, of: q, k, v)
    let weights = pool.take(shape.heads * shape.lengths.reduce(0) { $0 + $1 * $1 })
    let (loops, width) = (loops, shape.headWidth)
    let scale = 1 / Number(width).squareRoot()
    shape.eachHead { head in
      let (length, p) = (head.length, weights.start + head.weights)
      loops.product(
        false,
        true,
        length,
        length,
        width,
        1,
        q.start + head.query,
        wide,
        k.start + head.key,
        narrow,
        0,
        p,
        length
      )
      loops.softmax(p, scale, length, length, shape.isCausal ? 1 : 0)
      loops.product(
        false,
        false,
        length,
        width,
        length,
        1,
        p,
        length,
        v.start + head.key,
        narrow,
        0,
        y.start + head.query,
        wide
      )
    }
    record(y) { [pool] dy in
      let longest = shape.lengths.max() ?? 0
      let slopes = pool.take(longest * longest)
      shape.eachHead { head in
        let (length, p, dp) = (head.length, weights.start + head.weights, slopes.start)
        if let dv = v.target {
          loops.product(
            true,
            false,
            length,
            width,
            length,
            1,
            p,
            length,
            dy + head.query,
            wide,
            1,
            dv + head.key,
            narrow
          )
        }
        guard q.needsGradient || k.needsGradient else { return }
        loops.product(
          false,
          true,
          length,
          length,
          width,
          1,
          dy + head.query,
          wide,
          v.start + head.key,
          narrow,
          0,
          dp,
          length
        )
        loops.softmaxBack(dp, p, scale, length, length)
        if let dq = q.target {
          loops.product(
            false,
            false,
            length,
            width,
            length,
            1,
            dp,
            length,
            k.start + head.key,
            narrow,
            1,
            dq + head.query,
            wide
          )
        }
        if let dk = k.target {
          loops.product(
            true,
            false,
            length,
            width,
            length,
            1,
            dp,
            length,
            q.start + head.query,
            wide,
            1,
            dk + head.key,
            narrow
          )
        }
      }
    }
    return y
  }
}

extension AttentionLayout {
  /// Where one head of one sequence lies.
  fileprivate struct Head {
    let length: Int
    /// Its first number among queries, among keys and values, and among attention weights.
    let query: Int
    let key: Int
    let weights: Int
  }

  fileprivate func eachHead(_ body: (Head) -> Void) {
    var (row, weights) = (0, 0)
    for length in lengths {
      for head in 0 ..< heads where length > 0 {
        let shared = head * keyValueHeads / heads
        body(
          Head(
            length: length,
            query: row * queryWidth + head * headWidth,
            key: row * keyValueWidth + shared * headWidth,
            weights: weights
          )
        )
        weights += length * length
      }
      row += length
    }
  }
}
