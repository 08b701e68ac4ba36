import Loop

/// What carries one peer's bytes: a socket's connection, a bridge's inner end, a test's fake network.
///
/// A peer writes whole frames and is handed bytes cut anywhere; whoever is behind this may frame them
/// once more as it likes. The closures are dropped when it closes, as `Loop.Connection` does.
protocol Transport: AnyObject {
  /// Called with every piece that arrives, never empty.
  var onBytes: (([UInt8]) -> Void)? { get set }
  /// Called at most once when nothing more will arrive; never after our own `close`.
  var onEnd: ((LoopError?) -> Void)? { get set }
  /// Called when `queuedBytes` has come down to `drainMark` after it was above.
  var onDrained: (() -> Void)? { get set }
  /// Called exactly once when it is gone, whoever closed it; never from within `close` itself.
  var onClose: (() -> Void)? { get set }
  /// The level of `queuedBytes` at which `onDrained` is called.
  var drainMark: Int { get set }
  /// Bytes that were written here and that nobody has taken yet.
  var queuedBytes: Int { get }
  /// Who is at the other end, for logs.
  var remoteDescription: String { get }

  /// Sends bytes after those already queued.
  func write(_ bytes: [UInt8])
  /// Sends what is queued, waits until the peer has closed too, and closes; what arrives is dropped.
  func finish(within limit: Duration, lingering linger: Duration)
  /// Closes at once and drops what is queued; only `onClose` is called afterwards.
  func close()
}

extension Connection: Transport {}
