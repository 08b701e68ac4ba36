public import Models

/// What leaving early comes to on some texts, beside full depth.
public struct PolicyOutcome: Sendable, Equatable {
  /// Shares of a text after which answers are held against its label.
  public static let shares = [0.25, 0.5, 1]

  /// When a token leaves.
  public let rule: ExitRule
  /// What becomes of the layers that it leaves out.
  public let policy: StreamPolicy
  /// For each of `shares`, whether the class that stands is right, for every text.
  public let isRight: [[Bool]]
  /// The part of the tokens at which the class is that of full depth, 0 to 1.
  public let agreement: Double
  /// Multiply-accumulates, the exits' included, as a share of full depth with the backbone's own head alone.
  public let macs: Double
  /// Tokens that left at each exit.
  public let exits: [Int]

  /// Holds answers against those of full depth.
  ///
  /// - Parameters:
  ///   - verdicts: under the policy.
  ///   - full: of the backbone's own head, for the same texts.
  ///   - labels: of the texts.
  ///   - cost: of the same exits.
  ///   - rule: that the verdicts were given under.
  ///   - policy: likewise.
  public init(
    _ verdicts: TokenVerdicts,
    full: TokenVerdicts,
    labels: [Int],
    _ cost: StreamCost,
    _ rule: ExitRule,
    _ policy: StreamPolicy
  ) {
    precondition(verdicts.lengths == full.lengths, "verdicts on other texts")
    self.rule = rule
    self.policy = policy
    isRight = Self.shares.map { verdicts.isRight(labels, after: $0) }
    let tokens = max(1, full.classes.count)
    agreement =
      Double(zip(verdicts.classes, full.classes).count { $0 == $1 }) / Double(tokens)
    let dense = full.lengths.reduce(0) { $0 + cost.dense(tokens: $1) }
    macs = Double(verdicts.macs(cost, from: rule.first, policy)) / Double(max(1, dense))
    var exits = [Int](repeating: 0, count: (full.exits.max() ?? 0) + 1)
    for exit in verdicts.exits { exits[exit] += 1 }
    self.exits = exits
  }

  /// Whether the class after the whole text is right, for every text.
  public var isRightAtEnd: [Bool] { isRight[Self.shares.count - 1] }

  /// The part of the texts that is answered rightly after each of `shares`.
  public var accuracies: [Double] { isRight.map(Self.share) }

  /// The part of the texts that is answered rightly at their end.
  public var accuracy: Double { Self.share(isRightAtEnd) }

  static func share(_ isRight: [Bool]) -> Double {
    isRight.isEmpty ? 0 : Double(isRight.count { $0 }) / Double(isRight.count)
  }

  /// As reports hold it.
  public var json: JSON {
    .object([
      .init("accuracy_after", .array(accuracies.map { .number($0) })),
      .init("agreement", .number(agreement)), .init("macs", .number(macs)),
      .init("tokens_by_exit", .array(exits.map { .integer($0) })),
    ])
  }
}

extension Collection<PolicyOutcome> {
  /// The cheapest outcome that is at most `loss` less accurate than `full`, a share of the texts.
  func cheapest(within loss: Double, of full: Double) -> PolicyOutcome? {
    // A share of n texts is a fraction; one that is just allowed must not fail by its rounding.
    filter { $0.accuracy >= full - loss - 1e-12 }.min { $0.macs < $1.macs }
  }
}
