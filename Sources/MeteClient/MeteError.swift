public import Wire

/// Why a call did not succeed, and what it cost nevertheless.
public struct MeteError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One of the seventeen codes.
  public let status: Status

  /// The detail word: one of the protocol's, or one of the `Local` ones.
  public let detail: String

  /// The reason for a person.
  public let text: String

  /// What the call cost; nil if the server's bill did not come, or there was no call.
  public let bill: Bill?

  /// How many attempts were made; 0 if the deadline left no time for one.
  public let attempts: Int

  /// Makes an error from its parts.
  ///
  /// - Parameters:
  ///   - status: One of the seventeen codes.
  ///   - detail: The detail word.
  ///   - text: The reason for a person.
  ///   - bill: What the call cost, if that is known.
  ///   - attempts: How many attempts were made.
  public init(
    _ status: Status,
    detail: String,
    text: String,
    bill: Bill? = nil,
    attempts: Int = 1
  ) {
    self.status = status
    self.detail = detail
    self.text = text
    self.bill = bill
    self.attempts = attempts
  }

  /// One line: the status, the detail and the text, and the attempts if there were several.
  public var description: String {
    "\(status) (\(detail)): \(text)" + (attempts > 1 ? "; \(attempts) attempts" : "")
  }

  /// Details that this side alone gives; the others are the protocol's.
  public enum Local {
    /// UNAVAILABLE: nobody answers there, or not with this protocol.
    public static let connectFailed = "connect_failed"
    /// UNAVAILABLE: the connection went away under the call; `bill(of:)` on a new one may know its cost.
    public static let connectionLost = "connection_lost"
    /// CANCELLED: `close` was called on the client.
    public static let clientClosed = "client_closed"
    /// UNAVAILABLE: the server ended the call and did not send its bill in time.
    public static let billMissing = "bill_missing"
    /// FAILED_PRECONDITION: the call ended before it took this message.
    public static let callEnded = "call_ended"
    /// INTERNAL: the server's message is not what the protocol says.
    public static let badReply = "bad_reply"
  }
}

extension MeteError {
  init(_ error: WireError) {
    self.init(error.detail.status, detail: error.detail.rawValue, text: error.text)
  }

  init(_ end: End, bill: Bill?) {
    self.init(end.status, detail: end.detail, text: end.text, bill: bill)
  }

  func with(_ bill: Bill?) -> MeteError {
    MeteError(status, detail: detail, text: text, bill: bill, attempts: attempts)
  }

  func with(attempts: Int) -> MeteError {
    MeteError(status, detail: detail, text: text, bill: bill, attempts: attempts)
  }

  static func cancelled(_ text: String) -> MeteError {
    MeteError(.cancelled, detail: Detail.cancelled.rawValue, text: text)
  }

  static func neverTaken(_ reason: String) -> MeteError {
    let text = "the server never took the call: \(reason)"
    return MeteError(.unavailable, detail: Detail.draining.rawValue, text: text)
  }

  static func lost(_ reason: String) -> MeteError {
    MeteError(.unavailable, detail: Local.connectionLost, text: "connection lost: \(reason)")
  }

  static func badReply(_ method: String, _ expected: String) -> MeteError {
    MeteError(.internal, detail: Local.badReply, text: "\(method) answered without \(expected)")
  }
}
