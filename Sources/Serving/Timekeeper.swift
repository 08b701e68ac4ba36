import Loop

/// What wakes Serving up later: the event loop, or a test's calendar.
///
/// The time itself is handed in as a clock, since the engine reads the same one on its own thread.
protocol Timekeeper: AnyObject {
  /// Makes an alarm that does not run yet.
  func makeAlarm(_ action: @escaping () -> Void) -> any Alarm
}

/// A timer, never early; kept alive by its timekeeper until it is closed.
protocol Alarm: AnyObject {
  /// Starts, or starts anew; a negative delay counts as zero.
  func start(after delay: Duration, every interval: Duration?)
  /// Stops without an expiry.
  func stop()
  /// Stops for good and lets go of the action.
  func close()
}

extension Timekeeper {
  /// Runs an action once, and closes the alarm afterwards.
  @discardableResult
  func once(after delay: Duration, _ action: @escaping () -> Void) -> any Alarm {
    var running: (any Alarm)?
    let alarm = makeAlarm {
      running?.close()
      running = nil
      action()
    }
    running = alarm
    alarm.start(after: delay, every: nil)
    return alarm
  }
}

extension EventLoop: Timekeeper {
  func makeAlarm(_ action: @escaping () -> Void) -> any Alarm { Timer(on: self, action) }
}

extension Timer: Alarm {}
