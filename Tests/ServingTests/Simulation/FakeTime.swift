@testable import Serving

/// The time of one simulated world; it moves when the world says so.
final class FakeClock: @unchecked Sendable {
  // Sendable: a world lives on one thread, and its engine is turned by hand there.
  private(set) var now = Duration.seconds(1)

  /// Moves on; never back.
  func move(to later: Duration) { now = max(now, later) }
}

/// Alarms that ring when the world's time is moved past them, the earliest first.
final class FakeCalendar: Timekeeper {
  let clock: FakeClock
  private var alarms: [FakeAlarm] = []
  private var startCount = 0

  init(_ clock: FakeClock) { self.clock = clock }

  /// Alarms that nobody has closed.
  var openCount: Int { alarms.count }

  /// When the next one rings.
  var nextDue: Duration? { alarms.compactMap(\.due).min() }

  func makeAlarm(_ action: @escaping () -> Void) -> any Alarm {
    let alarm = FakeAlarm(self, action)
    alarms.append(alarm)
    return alarm
  }

  /// Lets time pass, with whatever rings on the way.
  func pass(until later: Duration) {
    while let next = alarms.filter({ $0.due.map { $0 <= later } ?? false })
      .min(by: { ($0.due ?? .zero, $0.order) < ($1.due ?? .zero, $1.order) })
    {
      clock.move(to: next.due ?? later)
      next.ring()
    }
    clock.move(to: later)
  }

  fileprivate func nextOrder() -> Int {
    startCount += 1
    return startCount
  }

  fileprivate func forget(_ alarm: FakeAlarm) { alarms.removeAll { $0 === alarm } }
}

/// One alarm of a fake calendar.
final class FakeAlarm: Alarm {
  private unowned let calendar: FakeCalendar
  private var action: (() -> Void)?
  private(set) var due: Duration?
  private(set) var order = 0
  private var interval: Duration?

  fileprivate init(_ calendar: FakeCalendar, _ action: @escaping () -> Void) {
    self.calendar = calendar
    self.action = action
  }

  func start(after delay: Duration, every interval: Duration?) {
    guard action != nil else { return }
    due = calendar.clock.now + max(.zero, delay)
    order = calendar.nextOrder()
    self.interval = interval.map { max(.milliseconds(1), $0) }
  }

  func stop() { due = nil }

  func close() {
    due = nil
    action = nil
    calendar.forget(self)
  }

  fileprivate func ring() {
    due = interval.flatMap { step in due.map { $0 + step } }
    action?()
  }
}
