internal import Foundation

/// What the exits of a model say about some examples: the scores of every class.
public struct ExitLogits: Sendable, Equatable {
  /// Exits, the model's own head last.
  public let exits: Int
  /// Examples.
  public let examples: Int
  /// Classes.
  public let classes: Int
  /// (exits, examples, classes).
  public let values: [Double]

  /// Scores from their parts.
  ///
  /// - Parameters:
  ///   - exits: at least 1.
  ///   - examples: may be 0.
  ///   - classes: at least 1.
  ///   - values: (exits · examples · classes), finite.
  public init(exits: Int, examples: Int, classes: Int, values: [Double]) {
    precondition(
      exits > 0 && classes > 0 && values.count == exits * examples * classes,
      "\(values.count) scores of (\(exits), \(examples), \(classes))"
    )
    self.exits = exits
    self.examples = examples
    self.classes = classes
    self.values = values
  }

  /// The scores of one exit for one example: (classes).
  public func scores(exit: Int, example: Int) -> ArraySlice<Double> {
    precondition(exit >= 0 && exit < exits, "exit \(exit) of \(exits)")
    precondition(example >= 0 && example < examples, "example \(example) of \(examples)")
    let first = (exit * examples + example) * classes
    return values[first ..< first + classes]
  }
}

/// x − log Σ exp x.
func logSoftmax(_ scores: ArraySlice<Double>) -> [Double] {
  let most = scores.max() ?? 0
  let shift = most + log(scores.reduce(0) { $0 + exp($1 - most) })
  return scores.map { $0 - shift }
}

/// exp x / Σ exp x.
func softmax(_ scores: ArraySlice<Double>) -> [Double] {
  let most = scores.max() ?? 0
  let weights = scores.map { exp($0 - most) }
  let sum = weights.reduce(0, +)
  return weights.map { $0 / sum }
}
