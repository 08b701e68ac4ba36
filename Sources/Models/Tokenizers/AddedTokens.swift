/// Tokens that are cut out of the text before anything else looks at it.
///
/// The leftmost match wins, and of those that begin together the longest.
struct AddedTokens: Sendable {
  /// One added token.
  struct Token: Sendable, Equatable {
    var id: Int32
    var content: [UInt8]
    var isSpecial: Bool
    /// Whether white space before (after) it vanishes.
    var stripsLeft = false
    var stripsRight = false
    /// Whether the file has it matched after normalization; see `conflict`.
    var isNormalized = false
  }

  /// The longest content, in bytes.
  static let contentBytesMax = 1_024

  private(set) var tokens: [Token] = []
  /// Trie edges: node in the high part, byte in the low eight bits.
  private var edges: [Int: Int] = [:]
  /// Per node, the token that ends there.
  private var ends: [Int?] = [nil]
  /// Per node, whether edges leave it.
  private var branches = [false]
  /// Whether some content begins with the byte.
  private var begins = [Bool](repeating: false, count: 256)

  /// Adds a token, or says why it cannot be.
  mutating func add(_ token: Token) -> String? {
    guard !token.content.isEmpty else { return "an added token is empty" }
    guard token.content.count <= Self.contentBytesMax else {
      return "an added token is longer than \(Self.contentBytesMax) bytes"
    }
    // Text is cut where a token begins and ends, and must be whole characters on both sides.
    guard String(validating: token.content, as: UTF8.self) != nil else {
      return "added token \(token.id) is not UTF-8"
    }
    var node = 0
    for byte in token.content {
      if let known = edges[node << 8 | Int(byte)] {
        node = known
      } else {
        edges[node << 8 | Int(byte)] = ends.count
        branches[node] = true
        node = ends.count
        ends.append(nil)
        branches.append(false)
      }
    }
    guard ends[node] == nil else {
      return "added token \"\(String(decoding: token.content, as: UTF8.self))\" appears twice"
    }
    ends[node] = tokens.count
    begins[Int(token.content[0])] = true
    tokens.append(token)
    return nil
  }

  /// What a search found.
  enum Match: Equatable {
    case token(Token, start: Int, end: Int)
    /// Whether a token begins here depends on bytes to come.
    case undecided(at: Int)
    case nothing
  }

  /// Finds the first token at or after `start`.
  ///
  /// - Parameters:
  ///   - text: valid UTF-8.
  ///   - start: where to begin.
  ///   - isOpen: whether text may follow.
  /// - Returns: the match, or that there is none, or none yet.
  func firstMatch(in text: [UInt8], from start: Int, isOpen: Bool) -> Match {
    guard !tokens.isEmpty else { return .nothing }
    for index in start ..< text.count where begins[Int(text[index])] {
      var node = 0
      var best: (token: Int, end: Int)?
      var end = index
      while end < text.count, let next = edges[node << 8 | Int(text[end])] {
        node = next
        end += 1
        if let token = ends[node] { best = (token, end) }
      }
      if end == text.count, isOpen, branches[node] { return .undecided(at: index) }
      if let best { return .token(tokens[best.token], start: index, end: best.end) }
    }
    return .nothing
  }

}

extension AddedTokens {
  /// The pairs that `conflict` may have to compare before it gives up.
  private static let pairsMax = 1_000_000

  /// Why these tokens cannot be matched in one pass as the reference matches them in two.
  ///
  /// The reference first cuts out what is matched in raw text, then what is matched after
  /// normalization. Where no text can hold an overlap of one of each, one pass gives the same.
  func conflict() -> String? {
    if tokens.contains(where: { $0.stripsLeft || $0.stripsRight }),
      let odd = tokens.first(where: { Self.touchesSpace($0.content) })
    {
      return "added token \(Self.name(odd)) begins or ends with white space, and others strip it"
    }
    let raw = tokens.filter { !$0.isNormalized }
    let normalized = tokens.filter(\.isNormalized)
    guard raw.count * normalized.count <= Self.pairsMax else {
      return "too many added tokens differ in \"normalized\""
    }
    for one in raw {
      for other in normalized where Self.overlaps(one.content, other.content) {
        return "added tokens \(Self.name(one)) and \(Self.name(other)) overlap and differ in"
          + " \"normalized\""
      }
    }
    return nil
  }

  private static func name(_ token: Token) -> String {
    "\"\(String(decoding: token.content, as: UTF8.self))\""
  }

  private static func touchesSpace(_ content: [UInt8]) -> Bool {
    let scalars = String(decoding: content, as: UTF8.self).unicodeScalars
    return scalars.first?.properties.isWhitespace ?? false
      || scalars.last?.properties.isWhitespace ?? false
  }

  /// Whether occurrences of both can share a byte.
  private static func overlaps(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    for shift in (1 - other.count) ..< one.count {
      let shared = max(0, shift) ..< min(one.count, shift + other.count)
      if shared.allSatisfy({ one[$0] == other[$0 - shift] }) { return true }
    }
    return false
  }
}
