public import Wire

/// The server's messages of one call, in order; it throws how the call ended if that was not OK.
public struct Messages: AsyncSequence, Sendable {
  /// One message as it came.
  public typealias Element = Value

  /// What iterating throws.
  public typealias Failure = MeteError

  let call: Call

  /// Begins to read; a call is read once.
  ///
  /// - Returns: Where the messages come out.
  public func makeAsyncIterator() -> Iterator { Iterator(call) }

  /// A place in the messages; leaving it behind before the end drops the rest.
  public struct Iterator: AsyncIteratorProtocol {
    private let reader: Reader

    init(_ call: Call) { reader = Reader(call) }

    /// Waits for the next message.
    ///
    /// - Parameter actor: Where the caller runs.
    /// - Returns: The message, or nil after the last one when the call has ended well.
    /// - Throws: `MeteError` for every end other than OK, with the bill.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(MeteError) -> Value? {
      try await reader.next(isolation: actor)
    }
  }
}

/// What has been fetched for one reader, and how much of it has to be given back.
private final class Reader {
  private let call: Call
  private var batch = Batch()
  private var taken = 0

  init(_ call: Call) { self.call = call }

  deinit { call.port.post(.stopReading(call.key)) }

  func next(isolation actor: isolated (any Actor)?) async throws(MeteError) -> Value? {
    if taken == batch.messages.count {
      let (key, consumed) = (call.key, batch.bytes)
      batch = Batch()
      taken = 0
      let fetched: Batch? = try await call.port.ask(cancelling: .cancel(key)) {
        .read(key, consumed: consumed, $0)
      }
      guard let fetched else { return nil }
      batch = fetched
    }
    taken += 1
    return batch.messages[taken - 1]
  }
}
