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
  ///   - layout: which rows belong together.
  ///   - dropout: share of the weights that are left out while the tape records.
  /// - Returns: (rows, heads · headWidth).
  public func attention(
    _ q: Variable<Number>,
    _ k: Variable<Number>,
    _ v: Variable<Number>,
    _ layout: AttentionLayout,
    dropout: Double = 0
  ) -> Variable<Number> {
    let (wide, narrow) = (layout.queryWidth, layout.keyValueWidth)
    precondition(q.rows == layout.rows && q.columns == wide, "queries (\(q.rows), \(q.columns))")
    for x in [k, v] {
      precondition(x.rows == layout.rows && x.columns == narrow, "keys (\(x.rows), \(x.columns))")
    }
    let y = result(q.rows, wide, of: q, k, v)
    let weights = pool.take(layout.heads * layout.lengths.reduce(0) { $0 + $1 * $1 })
    let (loops, longest) = (loops, layout.lengths.max() ?? 0)
    let scale = 1 / Number(layout.headWidth).squareRoot()
    let thinning = isRecording && dropout > 0 ? Thinning(dropout, seed: nextDropoutSeed()) : nil
    let spare = pool.take(longest * longest)
    layout.eachHead { head in
      let p = weights.start + head.weights
      head.queries(q.start).times(head.keys(k.start).transposed, to: p)
      loops.softmax(p, scale, head.length, head.length, layout.isCausal ? 1 : 0)
      head.weights(thinning?.thin(p, of: head, to: spare.start) ?? p)
        .times(head.keys(v.start), to: y.start + head.query, stride: wide)
    }
    record(y) { [pool] dy in
      let slopes = pool.take(longest * longest)
      layout.eachHead { head in
        let (p, dp) = (weights.start + head.weights, slopes.start)
        let slope = head.queries(dy)
        if let dv = v.target {
          head.weights(thinning?.thin(p, of: head, to: spare.start) ?? p).transposed
            .times(slope, to: dv + head.key, stride: narrow, adds: true)
        }
        guard q.needsGradient || k.needsGradient else { return }
        slope.times(head.keys(v.start).transposed, to: dp)
        if let thinning {
          dp.update(from: thinning.thin(dp, of: head, to: spare.start), count: head.count)
        }
        loops.softmaxBack(dp, p, scale, head.length, head.length)
        if let dq = q.target {
          head.weights(dp).times(
            head.keys(k.start),
            to: dq + head.query,
            stride: wide,
            adds: true
          )
        }
        if let dk = k.target {
          head.weights(dp).transposed.times(
            head.queries(q.start),
            to: dk + head.key,
            stride: narrow,
            adds: true
          )
        }
      }
    }
    return y
  }

  /// Leaves out some attention weights, the same ones whenever it is asked.
  private struct Thinning {
    let probability: Double
    let seed: UInt64

    init(_ probability: Double, seed: UInt64) {
      self.probability = probability
      self.seed = seed
    }

    func thin(_ weights: Source, of head: AttentionLayout.Head, to target: Target) -> Target {
      let own = seed &+ UInt64(head.weights) &* 0x9E37_79B9_7F4A_7C15
      Number.loops.dropout(target, weights, head.count, own, probability, false)
      return target
    }
  }
}

extension AttentionLayout {
  /// Where one head of one sequence lies.
  fileprivate struct Head {
    let layout: AttentionLayout
    let length: Int
    /// Its first number among queries, among keys and values, and among attention weights.
    let query: Int
    let key: Int
    let weights: Int

    /// Its attention weights.
    var count: Int { length * length }

    func queries<Number: Real>(_ start: UnsafePointer<Number>) -> Panel<Number> {
      Panel(start + query, length, layout.headWidth, stride: layout.queryWidth)
    }

    func keys<Number: Real>(_ start: UnsafePointer<Number>) -> Panel<Number> {
      Panel(start + key, length, layout.headWidth, stride: layout.keyValueWidth)
    }

    func weights<Number: Real>(_ start: UnsafePointer<Number>) -> Panel<Number> {
      Panel(start, length, length)
    }
  }

  fileprivate func eachHead(_ body: (Head) -> Void) {
    var (row, weights) = (0, 0)
    for length in lengths {
      for head in 0 ..< heads where length > 0 {
        let shared = head * keyValueHeads / heads
        body(
          Head(
            layout: self,
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
