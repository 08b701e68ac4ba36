import Loop
import Wire

/// A connection to a Mete server, for any number of calls at once.
///
/// It runs a thread of its own with an event loop, and lives as long as somebody holds it or one of its calls.
/// When the connection is lost every open call fails with UNAVAILABLE, and the next one connects anew; it does so too
/// when the server takes no more calls there, while those that run come to their ends. After a failure to connect,
/// the next attempt waits as `ClientSettings.retry` says.
///
/// Calls whose input is in memory (`generate` until its first token, and all that answer as a whole) are made again
/// under the same id where they cannot have done any work (`RetryPolicy`); their deadline spans all attempts and waits.
/// `call`, `predict` and `watchHealth` make one attempt.
public final class MeteClient: Sendable {
  let port: Port
  private let attemptsMax: Int

  private init(_ port: Port, _ retry: RetryPolicy) {
    self.port = port
    attemptsMax = retry.attemptsMax
  }

  /// Connects, and waits until the server has greeted; one attempt, so that a wrong address is known at once.
  ///
  /// - Parameters:
  ///   - address: Where the server listens.
  ///   - settings: How the client behaves.
  /// - Returns: The client, ready for calls.
  /// - Throws: `MeteError` UNAVAILABLE `connect_failed` when nobody answers in time; CANCELLED with its task.
  public static func connect(
    _ address: Address,
    settings: ClientSettings = ClientSettings()
  ) async throws(MeteError) -> MeteClient {
    let port = try await Port.start(settings)
    try await port.ask(cancelling: .close(nil)) { .connect(address, $0) }
    return MeteClient(port, settings.retry)
  }

  /// Begins a call; what it is refused for comes out of the call.
  ///
  /// - Parameters:
  ///   - method: The method's name.
  ///   - options: What the call asks for.
  /// - Returns: The call.
  public func call(_ method: String, options: CallOptions = CallOptions()) -> Call {
    Call(method, options, on: port)
  }

  /// Begins a call whose input is in memory, so that it may be made again.
  func repeatableCall(_ method: String, options: CallOptions) -> Call {
    Call(method, options, on: port, attemptsMax: attemptsMax)
  }

  /// Measures the way to the server and back, on the connection that there is.
  ///
  /// - Parameter limit: How long to wait for the answer.
  /// - Returns: How long it took.
  /// - Throws: `MeteError` when the answer does not come.
  public func ping(within limit: Duration = .seconds(10)) async throws(MeteError) -> Duration {
    try await port.ask { .ping($0, within: limit) }
  }

  /// Ends the connection and waits until its thread has let go of everything.
  ///
  /// Calls that are open fail with CANCELLED `client_closed`.
  public func close() async {
    // The only answer is success: closing twice is what was wanted.
    try? await port.ask { .close($0) }
  }
}
