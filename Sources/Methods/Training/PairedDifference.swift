public import Models

/// How much more often one model is right than another on the same examples, with the interval of that difference.
///
/// Examples that both get right, or both wrong, say nothing: the interval is that of the mean of −1, 0 and 1, by the normal
/// approximation.
public struct PairedDifference: Sendable, Equatable {
  /// Share of the examples: positive if the first is right more often.
  public let mean: Double
  /// Half the width of the interval that holds the true difference with 95 %.
  public let margin: Double

  /// Compares example by example.
  ///
  /// - Parameters:
  ///   - first: whether one model is right, for every example.
  ///   - second: whether the other is.
  public init(_ first: [Bool], minus second: [Bool]) {
    precondition(first.count == second.count, "\(first.count) examples and \(second.count)")
    let count = Double(max(1, first.count))
    let differences = zip(first, second).map { ($0 ? 1.0 : 0.0) - ($1 ? 1.0 : 0.0) }
    let mean = differences.reduce(0, +) / count
    let square = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
    self.mean = mean
    margin = 1.96 * (square / count).squareRoot()
  }

  /// As reports hold it, in points: hundredths.
  public var json: JSON {
    .object([
      .init("points", .number(100 * mean)), .init("margin_95", .number(100 * margin)),
    ])
  }
}
