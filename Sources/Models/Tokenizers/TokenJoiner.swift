/// Turns ids back into bytes, one after the other.
enum TokenJoiner: Sendable, Equatable {
  /// The bytes of the tokens, end to end.
  case bytes
  /// Words apart by spaces; continuations lose their prefix; spaces before punctuation go.
  case words(prefix: [UInt8], cleansUp: Bool)

  /// What a token adds to the text.
  ///
  /// - Parameters:
  ///   - token: the token's bytes.
  ///   - isFirst: whether no token came before it.
  /// - Returns: its part of the text.
  func text(of token: [UInt8], isFirst: Bool) -> [UInt8] {
    guard case .words(let prefix, let cleansUp) = self else { return token }
    var text = token
    if !isFirst {
      if token.starts(with: prefix) {
        text.removeFirst(prefix.count)
      } else {
        text.insert(0x20, at: 0)
      }
    }
    guard cleansUp else { return text }
    for (pattern, replacement) in Self.cleanings {
      text = Self.replacing(pattern, with: replacement, in: text)
    }
    return text
  }

  /// The clean-up of the reference's WordPiece decoder, in its order.
  private static let cleanings: [([UInt8], [UInt8])] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

  private static func replacing(
    _ pattern: [UInt8],
    with replacement: [UInt8],
    in text: [UInt8]
  ) -> [UInt8] {
    guard text.count >= pattern.count else { return text }
    var output: [UInt8] = []
    var index = 0
    while index < text.count {
      if text[index...].starts(with: pattern) {
        output += replacement
        index += pattern.count
      } else {
        output.append(text[index])
        index += 1
      }
    }
    return output
  }
}
