public import Loop

/// How a run goes about it.
public struct Settings: Sendable {
  /// How long any answer may take.
  public var patience = Duration.seconds(10)
  /// How long cases wait that depend on the server's own times; nil skips them.
  public var slowPatience: Duration?
  /// Calls of the cases that make very many.
  public var crowd = 1000
  /// Cases that run beside each other.
  public var lanes = 4
  /// Patterns of the cases to run; none means all.
  public var only: [String] = []
  /// Another address of the same server, where the client is another tenant.
  public var other: Address?
  /// Tells the server to drain; without it the cases of a drain are skipped.
  public var drain: (@Sendable () -> Void)?

  /// The usual settings.
  public init() {}
}
