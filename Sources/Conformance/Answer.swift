import Wire

/// What came back on one stream, in the order in which it came.
struct Answer {
  /// The method that was asked for.
  let method: String
  /// The call id that OPEN named.
  var call: [UInt8]?
  /// The messages.
  var messages: [Value] = []
  /// N of every message.
  var dataBytes: [Int] = []
  var end: End?
  var bill: Bill?
  /// The bill as it came, for what it does not say.
  var billValue: Value?
  /// Bytes of CREDIT that came for this stream.
  var credit = 0
  /// Frames of this stream that we sent, in bytes with their prefixes.
  var bytesIn = 0
  /// Frames that came, up to and including END.
  var bytesOut = 0
  /// Whether GOAWAY was there before END.
  var endedAfterGoAway = false

  var detail: String { end?.detail ?? "no END" }

  /// Requires that the call ended with a detail word.
  @discardableResult
  func ended(_ word: String) throws -> Answer {
    let text = end.map { "END(\($0.status.rawValue), \($0.detail), \"\($0.text.prefix(80))\")" }
    try require(detail == word, "\(method) is owed \(word), got \(text ?? "no END")")
    return self
  }

  /// The only message.
  func only() throws -> Value {
    try require(messages.count == 1, "\(method) gives one message, got \(messages.count)")
    return messages[0]
  }
}
