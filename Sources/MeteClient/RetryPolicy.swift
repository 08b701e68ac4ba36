/// How often a call that has done no work is made again, and how long to wait before.
///
/// A call is made again only where it cannot have done any work: no connection could be made; the server said with
/// GOAWAY that it never took the call; or it refused with `queue_full`, `streams_max` or `draining` and a bill of no
/// multiply-accumulates. Never after a message of the server has come, and never when the connection was lost.
public struct RetryPolicy: Sendable, Equatable {
  /// Attempts in all; 1 is no retry.
  public var attemptsMax: Int
  /// The first wait; every later one is twice as long.
  public var base: Duration
  /// No wait is longer.
  public var longest: Duration
  /// The same seed draws the same waits; nil takes one by chance.
  public var seed: UInt64?

  /// Makes a policy; everything left out has its default.
  ///
  /// - Parameters:
  ///   - attemptsMax: Attempts in all.
  ///   - base: The first wait.
  ///   - longest: No wait is longer.
  ///   - seed: Makes the waits repeatable.
  public init(
    attemptsMax: Int = 4,
    base: Duration = .milliseconds(100),
    longest: Duration = .seconds(5),
    seed: UInt64? = nil
  ) {
    self.attemptsMax = attemptsMax
    self.base = base
    self.longest = longest
    self.seed = seed
  }
}
