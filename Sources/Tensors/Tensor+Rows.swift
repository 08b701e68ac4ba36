import Glibc

extension Tensor {
  /// Every row's exponentials divided by their sum; −∞ becomes 0.
  ///
  /// A row of −∞ alone, as weights beyond all measure may give, becomes NaN.
  public func softmax() -> Tensor {
    eachRow { row in
      let highest = row.max() ?? 0
      let exponentials = row.map { expf($0 - highest) }
      let sum = exponentials.reduce(0.0) { $0 + Double($1) }
      return exponentials.map { Float(Double($0) / sum) }
    }
  }

  /// Every row divided by its root mean square, times `gain`.
  ///
  /// Zhang and Sennrich, "Root Mean Square Layer Normalization", arXiv:1910.07467.
  ///
  /// - Parameters:
  ///   - gain: (columns).
  ///   - epsilon: added to the mean square.
  /// - Returns: the same shape.
  public func rmsNorm(gain: [Float], epsilon: Float) -> Tensor {
    precondition(gain.count == columns, "rmsNorm: \(gain.count) gains and the shape \(shape)")
    return eachRow { row in
      let square = row.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(row.count)
      let scale = Float(1 / (square + Double(epsilon)).squareRoot())
      return zip(row, gain).map { $0 * scale * $1 }
    }
  }

  /// Every row shifted to mean 0 and scaled to variance 1, then times `gain` plus `bias`.
  ///
  /// Ba et al., "Layer Normalization", arXiv:1607.06450.
  ///
  /// - Parameters:
  ///   - gain: (columns).
  ///   - bias: (columns).
  ///   - epsilon: added to the variance.
  /// - Returns: the same shape.
  public func layerNorm(gain: [Float], bias: [Float], epsilon: Float) -> Tensor {
    precondition(
      gain.count == columns && bias.count == columns,
      "layerNorm: \(gain.count) gains, \(bias.count) biases and the shape \(shape)"
    )
    return eachRow { row in
      let mean = row.reduce(0.0) { $0 + Double($1) } / Double(row.count)
      let variance =
        row.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(row.count)
      let scale = 1 / (variance + Double(epsilon)).squareRoot()
      return row.indices.map { Float((Double(row[$0]) - mean) * scale) * gain[$0] + bias[$0] }
    }
  }

  /// Row i keeps its first i + 1 columns; the others become −∞.
  ///
  /// Rows and columns are positions.
  public func causallyMasked() -> Tensor {
    precondition(rows == columns, "causallyMasked: \(shape) is not square")
    var result = self
    for row in 0 ..< rows {
      for column in row + 1 ..< columns { result.values[row * columns + column] = -.infinity }
    }
    return result
  }

  private func eachRow(_ transform: ([Float]) -> [Float]) -> Tensor {
    var result: [Float] = []
    result.reserveCapacity(values.count)
    for index in 0 ..< rows { result.append(contentsOf: transform(row(index))) }
    return Tensor(shape: shape, values: result)
  }
}
