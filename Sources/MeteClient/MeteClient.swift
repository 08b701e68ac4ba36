import Loop
import Wire

/// A connection to a Mete server, for any number of calls at once.
///
/// It runs a thread of its own with an event loop, and lives as long as somebody holds it or one of its calls.
/// When the connection is lost every open call fails with UNAVAILABLE; connect again for new ones.
public final class MeteClient: Sendable {
  let port: Port

  private init(_ port: Port) { self.port = port }

  /// Connects, and waits until the server has greeted.
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
    return MeteClient(port)
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

  /// Measures the way to the server and back.
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
