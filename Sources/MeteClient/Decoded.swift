import Wire

/// The messages of a call, each read as one thing; a message that is not one ends the call with `bad_reply`.
public struct Decoded<Element: Sendable>: AsyncIteratorProtocol {
  private let call: Call
  private let expected: String
  private let decode: (Value) -> Element?
  private var messages: Messages.Iterator

  init(_ call: Call, _ expected: String, _ decode: @escaping (Value) -> Element?) {
    self.call = call
    self.expected = expected
    self.decode = decode
    messages = call.messages.makeAsyncIterator()
  }

  /// Waits for the next one.
  ///
  /// - Parameter actor: Where the caller runs.
  /// - Returns: The next one, or nil after the last when the call has ended well.
  /// - Throws: `MeteError` for every end other than OK, with the bill.
  public mutating func next(
    isolation actor: isolated (any Actor)? = #isolation
  ) async throws(MeteError) -> Element? {
    guard let message = try await messages.next(isolation: actor) else { return nil }
    guard let element = decode(message) else {
      throw await call.refuse(expected)
    }
    return element
  }
}
