/// How much of its `max_tokens` an answer of one model uses: what those that ended lately did.
///
/// Memory is kept for the longest answer that a request allows, and most end sooner.
struct AnswerLengths: Sendable, Equatable {
  /// What is left of an answer's weight after the next one.
  private static let memory = 0.9

  private var used = 0.0
  private var allowed = 0.0

  /// Notes an answer that ended by itself.
  mutating func learn(tokens: Int, of most: Int) {
    used = Self.memory * used + Double(tokens)
    allowed = Self.memory * allowed + Double(most)
  }

  /// Tokens that an answer is expected to have yet, at least 1; nil before any has ended.
  func left(of most: Int, after produced: Int) -> Int? {
    guard allowed > 0 else { return nil }
    let expected = Int((Double(most) * used / allowed).rounded(.up))
    return min(max(1, expected - produced), max(1, most - produced))
  }
}
