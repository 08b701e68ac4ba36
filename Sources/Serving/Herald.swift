import Inference
import Loop

/// Tells the supervisor how the daemon is: loading, ready, reloading, stopping, and that it lives.
///
/// A message that the supervisor has no room for is kept and goes with the next one. Lives on the
/// loop's thread.
final class Herald {
  private let notifier: ServiceNotifier
  private let loop: EventLoop
  private var pulse: Pulse
  private var beat: Timer?
  /// What could not be sent yet: one line per variable.
  private var unsent: [String] = []

  /// How much longer a start may take than the supervisor allows, counted from each time we say so.
  static let extensionTime = Duration.seconds(30)
  /// How often we say so.
  static let extensionPeriod = Duration.seconds(5)
  /// How long one model may load before we do not ask for more time: something is stuck.
  static let loadTimeMax = Duration.seconds(900)
  /// What a stop may take besides the drain time: sending what is left, and closing.
  static let farewellTime = Duration.seconds(10)

  init(_ supervisor: Supervisor, on loop: EventLoop) {
    notifier = supervisor.notifier
    self.loop = loop
    pulse = Pulse(watchdog: supervisor.watchdog)
  }

  /// A model is being opened.
  func loading(_ name: String) {
    tell(["STATUS=loading \(name)", Self.extend(by: Self.extensionTime)])
  }

  /// It is still being opened.
  func stillLoading() { tell([Self.extend(by: Self.extensionTime)]) }

  /// All models are open; the engine warms up.
  func warming() { tell(["STATUS=warming up", Self.extend(by: Self.extensionTime)]) }

  /// Clients are served.
  func ready() { tell(["READY=1"]) }

  /// The configuration is read again; `ready` or `refused` follows.
  func reloading() {
    tell(["RELOADING=1", "MONOTONIC_USEC=\(Int64(loop.now / .microseconds(1)))"])
  }

  /// The new configuration is not obeyed, and the old one stands.
  func refused(_ reason: String) { tell(["READY=1", "STATUS=reload refused: \(reason)"]) }

  /// The daemon drains.
  func stopping(calls: Int, drain: Duration) {
    pulse.forgetStatus()
    tell([
      "STOPPING=1", "STATUS=draining \(calls) call\(calls == 1 ? "" : "s")",
      Self.extend(by: drain + Self.farewellTime),
    ])
  }

  /// Begins to ask the engine whether it lives, if a supervisor wants to know.
  ///
  /// - Parameter ask: sends an echo of that number through the engine.
  func beginPulse(_ ask: @escaping (UInt64) -> Void) {
    guard notifier.isActive else { return }
    let timer = Timer(on: loop) { [weak self] in
      guard let self else { return }
      if let number = self.pulse.ask() { ask(number) }
      if !self.unsent.isEmpty { self.tell([]) }
    }
    timer.start(after: .zero, every: pulse.period)
    beat = timer
  }

  /// The engine has answered an echo.
  func hear(_ number: UInt64, _ progress: Progress, _ edge: Pulse.Edge) {
    tell(pulse.answer(number, progress, edge, now: loop.now))
  }

  private static func extend(by time: Duration) -> String {
    "EXTEND_TIMEOUT_USEC=\(Int64(time / .microseconds(1)))"
  }

  private func tell(_ lines: [String]) {
    guard notifier.isActive else { return }
    let variables = lines.map { $0.prefix { $0 != "=" } }
    unsent.removeAll { variables.contains($0.prefix { $0 != "=" }) }
    unsent += lines
    if notifier.send(unsent) { unsent = [] }
  }
}
