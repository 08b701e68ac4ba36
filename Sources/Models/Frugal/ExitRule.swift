/// When a token leaves a decoder with exits: at the first exit allowed that is sure enough of it.
///
/// Which exit is the first can matter as much as the threshold. Tokens that leave after few layers save most and are wrong most
/// often; and under `propagate` each token that leaves late reads what others left behind early. So
/// a rule has both numbers. The threshold 0 makes "always after ten layers" a rule like any other, which thresholds have to
/// beat.
public struct ExitRule: Sendable, Hashable {
  /// A token leaves where the probability of the likeliest class is above it: 0 is always, 1 never before the last exit.
  public let threshold: Double
  /// The first exit that a token may leave at, by its place among the exits; earlier ones are not asked.
  public let first: Int

  /// Names a rule.
  ///
  /// - Parameters:
  ///   - threshold: 0 to 1.
  ///   - first: an exit.
  public init(threshold: Double, first: Int = 0) {
    precondition(first >= 0 && threshold >= 0 && threshold <= 1, "\(threshold) from \(first) on")
    self.threshold = threshold
    self.first = first
  }

  /// Every token goes through all layers, and only the backbone's own head is asked.
  ///
  /// - Parameter exits: of the decoder, the backbone's own included.
  /// - Returns: the rule that costs what the model without exits costs.
  public static func fullDepth(exits: Int) -> ExitRule { ExitRule(threshold: 0, first: exits - 1) }

  /// Whether the first exit that is asked takes all tokens.
  ///
  /// Then no token ever attends to another that left before it, and the answers under every policy are those of the exit at
  /// full depth, bit for bit: nothing has to be run to know them.
  ///
  /// - Parameter exits: of the decoder.
  /// - Returns: true at threshold 0, and where only the last exit is allowed.
  public func isSameForAll(exits: Int) -> Bool { threshold == 0 || first == exits - 1 }

  /// Every threshold with every exit as the first, and full depth.
  ///
  /// - Parameters:
  ///   - thresholds: below 1.
  ///   - exits: of the decoder.
  /// - Returns: by the first exit, then in the order of the thresholds.
  public static func grid(_ thresholds: [Double], exits: Int) -> [ExitRule] {
    // With the last exit as the first, thresholds make no difference.
    let early = (0 ..< exits - 1).flatMap { first in
      thresholds.map { ExitRule(threshold: $0, first: first) }
    }
    return early + [fullDepth(exits: exits)]
  }
}
