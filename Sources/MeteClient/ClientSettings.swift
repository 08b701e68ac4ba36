public import Wire

/// How a client behaves towards every server; the defaults suit most.
public struct ClientSettings: Sendable {
  /// The name that the server's log shows.
  public var software = "mete-swift 0.1.0"

  /// How long connecting may take, the server's HELLO included.
  public var connectTime: Duration = .seconds(10)

  /// How long past its deadline a call waits for the server to say so.
  public var deadlineGrace: Duration = .milliseconds(500)

  /// How long a call that was cancelled or has ended waits for its bill.
  public var billTime: Duration = .seconds(2)

  /// How long `close` waits for what is still to be written.
  public var closeTime: Duration = .seconds(1)

  /// How connecting is tried again, and calls that have done no work.
  public var retry = RetryPolicy()

  /// What this client takes; `streamCredit` bounds the bytes that wait for a slow consumer of one call.
  public var limits = Limits()

  /// The defaults.
  public init() {}
}
