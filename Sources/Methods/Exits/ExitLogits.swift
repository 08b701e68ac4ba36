public import Models

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

extension ExitLogits {
  /// The scores of an ensemble at each of the first exits.
  ///
  /// - Parameter ensembles: the one at place m joins exits `0 ... m`.
  /// - Returns: as many exits; those without an ensemble, the model's own head for example, stay as they are.
  public func joined(by ensembles: [GeometricEnsemble]) -> ExitLogits {
    precondition(ensembles.count <= exits, "\(ensembles.count) ensembles of \(exits) exits")
    var joined = values
    for (exit, ensemble) in ensembles.enumerated() {
      for example in 0 ..< examples {
        let own = (0 ... exit).map { scores(exit: $0, example: example) }
        let first = (exit * examples + example) * classes
        joined.replaceSubrange(first ..< first + classes, with: ensemble.scores(own))
      }
    }
    return ExitLogits(exits: exits, examples: examples, classes: classes, values: joined)
  }
}
