import Wire

/// What a model reads: text, bytes of text, or token ids.
public enum Input: Sendable, Equatable, ExpressibleByStringLiteral {
  /// Text.
  case text(String)
  /// UTF-8 text; what is invalid becomes U+FFFD at the server.
  case bytes([UInt8])
  /// Token ids of the model's own vocabulary.
  case tokens([Int])

  /// Makes text.
  ///
  /// - Parameter value: The literal.
  public init(stringLiteral value: String) { self = .text(value) }

  /// Bytes of one message at most, so that any server's frames and windows hold it.
  static let pieceBytesMax = 8_192

  /// Tokens of one message at most.
  static let pieceTokensMax = 1_024

  /// The input as messages that the server puts together again; at least one, even for nothing.
  var pieces: [Value] {
    switch self {
    case .text(let text):
      let bytes = Array(text.utf8)
      return bytes.count <= Self.pieceBytesMax ? [.string(text)] : Input.bytes(bytes).pieces
    case .bytes(let bytes):
      return cut(bytes, Self.pieceBytesMax).map { .binary(Array($0)) }
    case .tokens(let tokens):
      return cut(tokens, Self.pieceTokensMax).map { .array($0.map { Value($0) }) }
    }
  }

  private func cut<Item>(_ items: [Item], _ most: Int) -> [ArraySlice<Item>] {
    guard !items.isEmpty else { return [[]] }
    return stride(from: 0, to: items.count, by: most).map {
      items[$0 ..< min($0 + most, items.count)]
    }
  }
}
