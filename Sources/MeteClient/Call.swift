public import Wire

/// One call to a server: messages both ways, one end, one bill.
///
/// A call that nobody holds any more is cancelled. Cancelling a task that waits in one of its methods cancels
/// the call too; the wait then ends with the call's error and its bill, after `ClientSettings.billTime` at most.
public final class Call: Sendable {
  /// The call's id, by which `MeteClient.bill(of:)` finds its bill even after the connection is gone.
  public let id: CallID

  /// The method's name.
  public let method: String

  let key: CallKey
  let port: Port

  init(_ method: String, _ options: CallOptions, on port: Port, attemptsMax: Int = 1) {
    id = options.callID ?? CallID()
    key = port.nextKey()
    self.method = method
    self.port = port
    port.post(.open(key, options.open(method, id: id), attemptsMax: attemptsMax))
  }

  deinit { port.post(.forget(key)) }

  /// Sends a message, when the server has given credit for it.
  ///
  /// - Parameter message: What the method takes.
  /// - Throws: `MeteError` when the call has ended, with its status and bill; or the message can never be sent.
  public func send(_ message: Value) async throws(MeteError) {
    try await port.ask(cancelling: .cancel(key)) { .send(key, message, $0) }
  }

  /// Says that all messages are sent.
  public func halfClose() { port.post(.halfClose(key)) }

  /// Gives the call up; its end is CANCELLED and its bill still comes.
  public func cancel() { port.post(.cancel(key)) }

  /// The server's messages, to be read once and by one task.
  ///
  /// Credit goes back to the server as they are read, so a slow reader slows the server down and never fills memory.
  public var messages: Messages { Messages(call: self) }

  /// Waits for the end and the bill.
  ///
  /// If nobody has begun to read the messages, or whoever did has stopped, they are dropped.
  ///
  /// - Returns: How the call ended and what it cost.
  /// - Throws: `MeteError` for every end other than OK.
  public func result() async throws(MeteError) -> (end: End, bill: Bill) {
    let settled = try await port.ask(cancelling: .cancel(key)) { .result(key, $0) }
    return (settled.end, settled.bill)
  }

  /// Gives the call up because of a message that makes no sense, and waits for what it cost.
  func refuse(_ expected: String) async -> MeteError {
    let error = MeteError.badReply(method, expected)
    cancel()
    do throws(MeteError) {
      return error.with(try await result().bill)
    } catch let end {
      return error.with(end.bill)
    }
  }
}
