extension Tape {
  /// (x − mean) / √(variance + ε) · gain + bias, row by row.
  ///
  /// Ba et al., "Layer Normalization", arXiv:1607.06450.
  ///
  /// - Parameters:
  ///   - x: (rows, width).
  ///   - gain: (1, width).
  ///   - bias: (1, width).
  ///   - epsilon: added to the variance.
  /// - Returns: (rows, width).
  public func layerNorm(
    _ x: Variable<Number>,
    gain: Variable<Number>,
    bias: Variable<Number>,
    epsilon: Number
  ) -> Variable<Number> {
    let (rows, width) = (x.rows, x.columns)
    precondition(gain.count == width && bias.count == width, "gains \(gain.count) of \(width)")
    let y = result(rows, width, of: x, gain, bias)
    let (means, inverses) = (pool.take(rows), pool.take(rows))
    loops.center(
      y.start,
      means.start,
      inverses.start,
      x.start,
      gain.start,
      bias.start,
      rows,
      width,
      epsilon
    )
    record(y) { [loops] dy in
      loops.centerGradient(
        x.target,
        gain.target,
        bias.target,
        dy,
        x.start,
        means.start,
        inverses.start,
        gain.start,
        rows,
        width
      )
    }
    return y
  }

  /// x / √(mean(x²) + ε) · gain, row by row.
  ///
  /// Zhang and Sennrich, "Root Mean Square Layer Normalization", arXiv:1910.07467.
  ///
  /// - Parameters:
  ///   - x: (rows, width).
  ///   - gain: (1, width).
  ///   - epsilon: added to the mean square.
  /// - Returns: (rows, width).
  public func rmsNorm(
    _ x: Variable<Number>,
    gain: Variable<Number>,
    epsilon: Number
  ) -> Variable<Number> {
    let (rows, width) = (x.rows, x.columns)
    precondition(gain.count == width, "gains \(gain.count) of \(width)")
    let y = result(rows, width, of: x, gain)
    let inverses = pool.take(rows)
    loops.root(y.start, inverses.start, x.start, gain.start, rows, width, epsilon)
    record(y) { [loops] dy in
      loops.rootGradient(
        x.target,
        gain.target,
        dy,
        x.start,
        inverses.start,
        gain.start,
        rows,
        width
      )
    }
    return y
  }
}
