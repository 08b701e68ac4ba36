import Models

/// What exit policies come to, from scores that all exits gave to all examples.
///
/// Leaving early is a choice among what was computed, so that one pass over the data answers for every threshold.
public struct ExitSimulation: Sendable {
  /// Exits, the model's own head last.
  public let exits: Int
  /// Examples.
  public let examples: Int
  /// (examples, exits): what an example costs that leaves there, with all exits before; not falling.
  private let costs: [Double]
  /// (examples, exits): the largest probability, and its class.
  private let confidences: [Double]
  private let classes: [Int]
  private let labels: [Int]

  /// Prepares scores of examples that all cost the same.
  ///
  /// - Parameters:
  ///   - logits: of all exits for all examples.
  ///   - labels: (examples), the true classes.
  ///   - costs: (exits), in any unit: the model up to the exit, and all exits up to it. Leaving nowhere costs as much as the
  ///     last, which is more than the model without exits.
  public init(logits: ExitLogits, labels: [Int], costs: [Double]) {
    let all = [[Double]](repeating: costs, count: logits.examples)
    self.init(logits: logits, labels: labels, costsOfExamples: all)
  }

  /// Prepares scores of examples of which each has costs of its own: long texts cost more than short ones.
  ///
  /// - Parameters:
  ///   - logits: of all exits for all examples.
  ///   - labels: (examples), the true classes.
  ///   - costsOfExamples: for each example (exits), as `costs` of the other initializer.
  public init(logits: ExitLogits, labels: [Int], costsOfExamples: [[Double]]) {
    precondition(labels.count == logits.examples, "\(labels.count) labels of \(logits.examples)")
    precondition(costsOfExamples.count == logits.examples, "costs of \(costsOfExamples.count)")
    for costs in costsOfExamples {
      precondition(
        costs.count == logits.exits && zip(costs, costs.dropFirst()).allSatisfy { $0 <= $1 },
        "costs \(costs) of \(logits.exits) exits"
      )
    }
    (exits, examples) = (logits.exits, logits.examples)
    costs = costsOfExamples.flatMap { $0 }
    self.labels = labels
    var (confidences, classes) = ([Double](), [Int]())
    for example in 0 ..< examples {
      for exit in 0 ..< exits {
        let scores = Array(logits.scores(exit: exit, example: example))
        var best = 0
        for place in scores.indices where scores[place] > scores[best] { best = place }
        classes.append(best)
        confidences.append(softmax(scores[...])[best])
      }
    }
    self.confidences = confidences
    self.classes = classes
  }

  /// What a policy comes to.
  public func outcome(_ policy: ExitPolicy) -> ExitOutcome {
    var counts = [Int](repeating: 0, count: exits)
    var (right, sum) = (0, 0.0)
    for example in 0 ..< examples {
      let exit = exit(of: example, policy)
      counts[exit] += 1
      sum += costs[example * exits + exit]
      if isRight(example, exit) { right += 1 }
    }
    return ExitOutcome(
      policy: policy,
      counts: counts,
      right: right,
      averageCost: examples == 0 ? 0 : sum / Double(examples)
    )
  }

  /// Where an example leaves.
  public func exit(of example: Int, _ policy: ExitPolicy) -> Int {
    let places = example * exits ..< (example + 1) * exits
    return policy.exit(confidences: confidences[places], classes: classes[places])
  }

  /// What an example costs that leaves at an exit.
  public func cost(of example: Int, exit: Int) -> Double { costs[example * exits + exit] }

  /// What is answered for an example that leaves at an exit: its most likely class, and how likely that is.
  public func answer(_ example: Int, exit: Int) -> (label: Int, confidence: Double) {
    (classes[example * exits + exit], confidences[example * exits + exit])
  }

  /// What each of some policies comes to, in their order.
  public func sweep(_ policies: [ExitPolicy]) -> [ExitOutcome] { policies.map(outcome) }

  /// The part of the examples that an exit answers rightly if all leave there.
  public func accuracy(exit: Int) -> Double {
    precondition(exit >= 0 && exit < exits, "exit \(exit) of \(exits)")
    guard examples > 0 else { return 0 }
    return Double((0 ..< examples).count { isRight($0, exit) }) / Double(examples)
  }

  /// Hindsight improvability: of the examples that an exit gets wrong, the part that an earlier exit got right.
  ///
  /// It is work that was thrown away. arXiv:2106.05409.
  ///
  /// - Parameter exit: which.
  /// - Returns: 0...1; nil if the exit gets nothing wrong.
  public func improvability(exit: Int) -> Double? {
    precondition(exit >= 0 && exit < exits, "exit \(exit) of \(exits)")
    let wrong = (0 ..< examples).filter { !isRight($0, exit) }
    guard !wrong.isEmpty else { return nil }
    let known = wrong.count { example in (0 ..< exit).contains { isRight(example, $0) } }
    return Double(known) / Double(wrong.count)
  }

  private func isRight(_ example: Int, _ exit: Int) -> Bool {
    classes[example * exits + exit] == labels[example]
  }
}
