// swift-format-ignore-file: NeverForceUnwrap
import CUV

/// Calls a closure once after a while, or again and again, never early.
///
/// The loop keeps a timer alive until it is closed, whether it runs or not.
public final class Timer {
  private let loop: EventLoop
  private let handle: Handle
  private var action: (() -> Void)?

  /// Called when the timer is closed, by its owner or by the loop.
  var onClose: (() -> Void)?

  /// Makes a timer that does not run yet.
  ///
  /// - Parameters:
  ///   - loop: Where the action runs.
  ///   - action: Called at every expiry; dropped when the timer is closed.
  public init(on loop: EventLoop, _ action: @escaping () -> Void) {
    loop.checkThread()
    self.loop = loop
    self.action = action
    handle = Handle(UV_TIMER)
    uv_timer_init(loop.raw, handle.pointer(as: uv_timer_t.self))
    handle.adopt(self)
  }

  /// Runs an action once and closes itself afterwards.
  ///
  /// - Parameters:
  ///   - loop: Where the action runs.
  ///   - delay: How long from now; zero means the next millisecond.
  ///   - action: Called once, unless the timer is closed before.
  /// - Returns: The timer, already running.
  @discardableResult
  public static func once(
    on loop: EventLoop,
    after delay: Duration,
    _ action: @escaping () -> Void
  ) -> Timer {
    var running: Timer?
    let timer = Timer(on: loop) {
      running?.close()
      running = nil
      action()
    }
    running = timer
    timer.start(after: delay)
    return timer
  }

  /// Starts, or starts anew if it runs already; does nothing once closed.
  ///
  /// Delays are rounded up to whole milliseconds, and one more at most.
  ///
  /// - Parameters:
  ///   - delay: Until the first expiry; a negative one counts as zero.
  ///   - interval: Between later expiries; nil expires once.
  public func start(after delay: Duration, every interval: Duration? = nil) {
    loop.checkThread()
    guard !handle.isClosing else { return }
    // libuv counts from when it last looked at the clock, which a long turn leaves behind, and it drops
    // fractions: add what has passed, and one more, so that no expiry is early. It also runs a timer that
    // is due when it was started in the same pass, so a delay of nothing could keep sockets waiting for ever.
    let passed = uv_hrtime() / 1_000_000 - uv_now(loop.raw)
    uv_timer_start(
      handle.pointer(as: uv_timer_t.self),
      { raw in Handle.owner(of: raw!.pointee.data, as: Timer.self).action?() },
      passed + Timer.milliseconds(delay) + 1,
      interval.map { max(1, Timer.milliseconds($0)) } ?? 0
    )
  }

  /// Stops without an expiry; `start` begins anew.
  public func stop() {
    loop.checkThread()
    guard !handle.isClosing else { return }
    uv_timer_stop(handle.pointer(as: uv_timer_t.self))
  }

  /// Stops for good and lets go of the action.
  public func close() {
    loop.checkThread()
    handle.close()
    action = nil
    let tell = onClose
    onClose = nil
    tell?()
  }

  private static func milliseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    // A century is as good as forever, and keeps the sum from overflowing.
    guard seconds < 3_155_760_000 else { return 3_155_760_000_000 }
    let fraction = 1_000_000_000_000_000 as Int64
    return UInt64(seconds) * 1000 + UInt64((attoseconds + fraction - 1) / fraction)
  }
}

extension Timer: HandleOwner {
  func handleDidClose() {}
}
