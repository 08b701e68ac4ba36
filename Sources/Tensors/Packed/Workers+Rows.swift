import CKernels

/// What stands between two linear maps of a feed-forward layer.
public enum RowActivation: Sendable {
  /// silu(gate) · up, over tiles in pairs as `PackingPlan` interleaves them: half as wide.
  case siluGate
  /// GELU with the error function.
  case geluErf
  /// GELU by its tanh approximation.
  case geluTanh
  /// max(x, 0).
  case relu

  var code: ck_activation {
    switch self {
    case .siluGate: ck_silu_gate
    case .geluErf: ck_gelu_exact
    case .geluTanh: ck_gelu_by_tanh
    case .relu: ck_rectify
    }
  }
}

extension Workers {
  /// y = x / √(mean(x²) + ε) · gain, after x += residual if there is one.
  ///
  /// - Parameters:
  ///   - x: (R, D); changed only by a residual.
  ///   - residual: (R, D).
  ///   - gain: (D).
  ///   - epsilon: added to the mean square.
  ///   - y: (R, D); may be x.
  ///   - format: of the matrix that y is multiplied with next; its bytes are then made on the way.
  public func rmsNorm(
    _ x: RowBuffer,
    adding residual: RowBuffer? = nil,
    gain: [Float],
    epsilon: Float,
    into y: RowBuffer,
    for format: WeightFormat? = nil
  ) {
    check(x, residual, gain, y)
    if y !== x { y.resize(rows: x.rows) }
    y.rewrite(for: format) { bytes in
      ck_run_rms_norm(
        crew,
        bytes,
        y.values,
        x.values,
        residual?.values,
        gain,
        x.rows,
        x.width,
        epsilon
      )
    }
    if residual != nil, x !== y { x.changed() }
  }

  /// y = (x − mean) / √(variance + ε) · gain + bias, after x += residual if there is one.
  ///
  /// - Parameters:
  ///   - x: (R, D); changed only by a residual.
  ///   - residual: (R, D).
  ///   - gain: (D).
  ///   - bias: (D).
  ///   - epsilon: added to the variance.
  ///   - y: (R, D); may be x.
  ///   - format: of the matrix that y is multiplied with next; its bytes are then made on the way.
  public func layerNorm(
    _ x: RowBuffer,
    adding residual: RowBuffer? = nil,
    gain: [Float],
    bias: [Float],
    epsilon: Float,
    into y: RowBuffer,
    for format: WeightFormat? = nil
  ) {
    check(x, residual, gain, y)
    precondition(bias.count == x.width, "layerNorm: bias \(bias.count), width \(x.width)")
    if y !== x { y.resize(rows: x.rows) }
    y.rewrite(for: format) { bytes in
      ck_run_layer_norm(
        crew,
        bytes,
        y.values,
        x.values,
        residual?.values,
        gain,
        bias,
        x.rows,
        x.width,
        epsilon
      )
    }
    if residual != nil, x !== y { x.changed() }
  }

  /// An activation of every number; in place but for `siluGate`.
  ///
  /// - Parameters:
  ///   - kind: which one.
  ///   - x: (R, F), or (R, 2 F) for `siluGate`.
  ///   - y: (R, F); x itself but for `siluGate`.
  ///   - format: of the matrix that y is multiplied with next; its bytes are then made on the way.
  public func activate(
    _ kind: RowActivation,
    _ x: RowBuffer,
    into y: RowBuffer,
    for format: WeightFormat? = nil
  ) {
    switch kind {
    case .siluGate:
      precondition(x.width == 2 * y.width && y.width.isMultiple(of: 16) && x !== y)
      y.resize(rows: x.rows)
    default:
      precondition(x === y, "only siluGate has another output")
    }
    y.rewrite(for: format) { bytes in
      ck_run_activation(crew, bytes, kind.code, y.values, x.values, x.rows, x.width)
    }
  }

  /// The mean of each text's rows.
  ///
  /// - Parameters:
  ///   - texts: the rows of each, at least one.
  ///   - x: (R, D).
  ///   - y: (texts, D); not x.
  public func means(of texts: [Range<Int>], in x: RowBuffer, into y: RowBuffer) {
    precondition(x !== y && x.width == y.width, "means: width \(x.width) into \(y.width)")
    precondition(
      texts.allSatisfy { !$0.isEmpty && $0.lowerBound >= 0 && $0.upperBound <= x.rows },
      "means: \(texts) of \(x.rows) rows"
    )
    y.resize(rows: texts.count)
    let (starts, ends) = (texts.map(\.lowerBound), texts.map(\.upperBound))
    ck_run_means(crew, y.values, x.values, starts, ends, texts.count, x.width)
  }

  /// x = tanh(x), by this thread: the rows that are pooled are few.
  ///
  /// - Parameter x: (R, D).
  public func hyperbolicTangent(_ x: RowBuffer) {
    ck_tanh(crew.set, x.values, x.rows * x.width)
    x.changed()
  }

  /// Turns heads of every row in place, those that begin at `column`.
  public func rope(_ x: RowBuffer, column: Int, heads: Int, turns: RopeTurns) {
    let width = 2 * turns.pairs
    precondition(
      column >= 0 && column + heads * width <= x.width && turns.rows == x.rows,
      "rope: \(heads) heads of \(width) at \(column) of \(x.width)"
    )
    let (cosines, sines) = (turns.cosines, turns.sines)
    ck_run_rope(crew, x.values + column, x.width, cosines, sines, x.rows, heads, width)
    x.changed()
  }

  /// Normalises `heads` heads of every row in place by their root mean square, those that begin at `column`.
  ///
  /// - Parameters:
  ///   - x: (R, …).
  ///   - column: where the first head begins.
  ///   - heads: how many there are.
  ///   - gain: (W), the same for all heads.
  ///   - epsilon: added to the mean square.
  public func rmsNormHeads(
    _ x: RowBuffer,
    column: Int,
    _ heads: Int,
    gain: [Float],
    epsilon: Float
  ) {
    precondition(column >= 0 && column + heads * gain.count <= x.width, "heads at \(column)")
    for row in 0 ..< x.rows {
      let start = x.values + row * x.width + column
      ck_rms_norm(crew.set, start, start, gain, heads, gain.count, epsilon)
    }
    x.changed()
  }

  private func check(_ x: RowBuffer, _ residual: RowBuffer?, _ gain: [Float], _ y: RowBuffer) {
    precondition(
      gain.count == x.width && y.width == x.width,
      "norm: \(gain.count) gains, width \(x.width) into \(y.width)"
    )
    if let residual {
      precondition(
        residual.width == x.width && residual.rows == x.rows && residual !== x && residual !== y,
        "norm: residual (\(residual.rows), \(residual.width)) for (\(x.rows), \(x.width))"
      )
    }
  }
}

/// The rotary turns of one step's rows, which all of its layers share.
///
/// Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv:2104.09864.
public struct RopeTurns: Sendable {
  /// Rows.
  public let rows: Int
  /// Pairs of a head that turn: half its width.
  public let pairs: Int
  let cosines: [Float]
  let sines: [Float]

  /// The turns of rows at `positions` with `frequencies` radians per position: (rows, pairs).
  public init(positions: [Int32], frequencies: [Float]) {
    rows = positions.count
    pairs = frequencies.count
    let count = positions.count * frequencies.count
    var cosines = [Float](repeating: 0, count: count)
    var sines = cosines
    cosines.withUnsafeMutableBufferPointer { cosines in
      sines.withUnsafeMutableBufferPointer { sines in
        guard let cosine = cosines.baseAddress, let sine = sines.baseAddress else { return }
        ck_rope_turns(cosine, sine, positions, frequencies, positions.count, frequencies.count)
      }
    }
    self.cosines = cosines
    self.sines = sines
  }
}

extension Workers {
  /// The first of the largest numbers of a row.
  public func argmax(_ x: RowBuffer, row: Int) -> (index: Int, value: Float) {
    precondition((0 ..< x.rows).contains(row), "row \(row) of \(x.rows)")
    let start = x.values + row * x.width
    let index = ck_argmax(crew.set, start, x.width)
    return (index, start[index])
  }

  /// ln Σ exp(x) over a row.
  public func logSumExp(_ x: RowBuffer, row: Int) -> Double {
    precondition((0 ..< x.rows).contains(row), "row \(row) of \(x.rows)")
    return ck_log_sum_exp(crew.set, x.values + row * x.width, x.width)
  }
}
