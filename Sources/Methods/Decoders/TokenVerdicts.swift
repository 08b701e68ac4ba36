public import Models
/// What was answered at every token of some texts.
public struct TokenVerdicts: Sendable, Equatable {
  /// Tokens of each text.
  public internal(set) var lengths: [Int]
  /// (tokens): at which exit each was answered.
  public internal(set) var exits: [Int]
  /// (tokens): the most likely class.
  public internal(set) var classes: [Int]
  /// (tokens): its probability.
  public internal(set) var confidences: [Float]

  /// Answers that are not given yet.
  init(lengths: [Int]) {
    let count = lengths.reduce(0, +)
    self.lengths = lengths
    exits = [Int](repeating: 0, count: count)
    classes = exits
    confidences = [Float](repeating: 0, count: count)
  }

  /// Adds the answers for more texts.
  mutating func add(_ other: TokenVerdicts) {
    lengths += other.lengths
    exits += other.exits
    classes += other.classes
    confidences += other.confidences
  }

  /// The class that stands once a share of a text was read, for every text.
  ///
  /// - Parameter share: of its tokens, rounded up: above 0, at most 1.
  /// - Returns: (texts).
  public func classes(after share: Double) -> [Int] {
    precondition(share > 0 && share <= 1, "a share of \(share)")
    var start = 0
    return lengths.map { length in
      defer { start += length }
      let tokens = Int((share * Double(length)).rounded(.up))
      return classes[start + min(length, max(1, tokens)) - 1]
    }
  }

  /// Whether that class is the right one, for every text.
  ///
  /// - Parameters:
  ///   - labels: (texts), the right classes.
  ///   - share: as `classes(after:)` takes it.
  /// - Returns: (texts).
  public func isRight(_ labels: [Int], after share: Double = 1) -> [Bool] {
    precondition(labels.count == lengths.count, "\(labels.count) labels of \(lengths.count)")
    return zip(classes(after: share), labels).map { $0 == $1 }
  }

  /// What all tokens cost together.
  ///
  /// - Parameters:
  ///   - cost: of the same exits.
  ///   - first: the first exit that was asked.
  ///   - policy: that the verdicts were given under.
  /// - Returns: multiply-accumulates.
  public func macs(_ cost: StreamCost, from first: Int = 0, _ policy: StreamPolicy) -> Int {
    var sum = 0
    eachCost(cost, from: first, policy) { _, _, macs in sum += macs }
    return sum
  }

  /// What the tokens that left at each exit cost, with what later ones made them do, as a share of full depth for the same.
  ///
  /// - Returns: (exits up to the last that was used), not finite where none left.
  func workByExit(_ cost: StreamCost, from first: Int, _ policy: StreamPolicy) -> [Double] {
    let zeros = [Int](repeating: 0, count: (exits.max() ?? 0) + 1)
    var (own, dense) = (zeros, zeros)
    eachCost(cost, from: first, policy) { exit, position, macs in
      own[exit] += macs
      dense[exit] += cost.dense(tokens: position + 1) - cost.dense(tokens: position)
    }
    return zip(own, dense).map { Double($0) / Double($1) }
  }

  private func eachCost(
    _ cost: StreamCost,
    from first: Int,
    _ policy: StreamPolicy,
    _ body: (_ exit: Int, _ position: Int, _ macs: Int) -> Void
  ) {
    var start = 0
    for length in lengths {
      // From the end: a token owes the deeper layers no more than the deepest of those behind it asks for.
      var reach = 0
      for position in (0 ..< length).reversed() {
        let exit = exits[start + position]
        body(
          exit,
          position,
          cost.token(position: position, exit: exit, from: first, policy, reach: reach)
        )
        reach = max(reach, cost.depth(of: exit))
      }
      start += length
    }
  }
}

/// What every exit says at every token of some texts, where none leaves.
public struct ExitVerdicts: Sendable, Equatable {
  /// For each exit what it alone would answer.
  public internal(set) var exits: [TokenVerdicts]

  /// Adds the answers for more texts.
  mutating func add(_ other: ExitVerdicts) {
    if exits.isEmpty { return self = other }
    for exit in exits.indices { exits[exit].add(other.exits[exit]) }
  }

  /// What the backbone's own head answers.
  public var full: TokenVerdicts { exits[exits.count - 1] }

  /// What is answered if a token leaves where it is sure, and the layers that it left out are made up for exactly.
  ///
  /// - Parameter rule: when a token leaves.
  /// - Returns: for every token.
  public func deferred(_ rule: ExitRule) -> TokenVerdicts {
    var verdicts = full
    let asked = exits[rule.first ..< exits.count - 1]
    for token in verdicts.classes.indices {
      let own = asked.first { Double($0.confidences[token]) > rule.threshold }
      guard let own else { continue }
      verdicts.exits[token] = own.exits[token]
      verdicts.classes[token] = own.classes[token]
      verdicts.confidences[token] = own.confidences[token]
    }
    return verdicts
  }
}
