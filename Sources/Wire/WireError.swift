/// What is wrong with bytes or with a call, in the words of PROTOCOL.md §2.
public struct WireError: Error, Equatable, CustomStringConvertible {
  /// Which of the protocol's errors it is.
  public let detail: Detail
  /// What exactly is wrong, for a person.
  public let text: String

  /// Names an error.
  ///
  /// - Parameters:
  ///   - detail: which of the protocol's errors it is.
  ///   - text: what exactly is wrong, for a person; safe to show to the peer.
  public init(_ detail: Detail, _ text: String) {
    self.detail = detail
    self.text = clipped(text, bytesMax: textBytesMax)
  }

  /// The detail word, a colon, and the text, as GOAWAY carries them.
  public var description: String { "\(detail.rawValue): \(text)" }
}

/// Longest text of an END or GOAWAY; what a peer wrote must not come back larger than it was.
let textBytesMax = 1024

/// As much of what a peer wrote as a text may quote: 64 bytes.
///
/// - Parameter word: what the peer wrote.
/// - Returns: its beginning, in whole characters.
public func excerpt(_ word: String) -> String { clipped(word, bytesMax: 64) }

/// A peer's own word, short enough to stand in an error text.
func quoted(_ word: String) -> String { "`\(excerpt(word))`" }

/// The longest beginning of `text` that has whole characters and at most `bytesMax` bytes.
func clipped(_ text: String, bytesMax: Int) -> String {
  guard text.utf8.count > bytesMax else { return text }
  var end = text.utf8.index(text.startIndex, offsetBy: bytesMax)
  while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
  return String(text[..<end])
}
