/// Asks the engine again and again whether it lives, and makes what a supervisor is told of the answers.
///
/// A value, so that a test can play an engine that never answers: then there is never a sign of life.
struct Pulse {
  /// How often a status is made at most.
  static let statusPeriod = Duration.seconds(2)

  /// Without a sign of life for so long the supervisor kills us.
  let watchdog: Duration?
  private var asked: UInt64 = 0
  private var isAnswered = true
  private var fed: Duration?
  private var last: (time: Duration, progress: Progress)?
  private var status = ""

  /// What the status tells of the edge.
  struct Edge {
    var calls = 0
    var connections = 0
    var isDraining = false
  }

  init(watchdog: Duration?) { self.watchdog = watchdog }

  /// How often to ask: twice in the supervisor's patience at least.
  var period: Duration {
    max(.milliseconds(1), min(Self.statusPeriod, (watchdog ?? .seconds(3600)) / 2))
  }

  /// The number for the next echo; nil while the engine still owes an answer.
  mutating func ask() -> UInt64? {
    guard isAnswered else { return nil }
    isAnswered = false
    asked += 1
    return asked
  }

  /// The engine has answered.
  ///
  /// - Parameters:
  ///   - number: of the echo.
  ///   - progress: what the engine has done by now.
  ///   - edge: how busy the edge is.
  ///   - now: the time.
  /// - Returns: what the supervisor should hear: a sign of life if one is due, the status if it changed.
  mutating func answer(
    _ number: UInt64,
    _ progress: Progress,
    _ edge: Edge,
    now: Duration
  ) -> [String] {
    guard number == asked, !isAnswered else { return [] }
    isAnswered = true
    var lines: [String] = []
    if let watchdog, fed.map({ now - $0 >= watchdog / 4 }) ?? true {
      fed = now
      lines.append("WATCHDOG=1")
    }
    if last.map({ now - $0.time >= Self.statusPeriod / 2 }) ?? true {
      let text = Self.status(edge, from: last, to: (now, progress))
      last = (now, progress)
      if text != status { lines.append("STATUS=\(text)") }
      status = text
    }
    return lines
  }

  /// Forgets what was told, since somebody else has set the status meanwhile.
  mutating func forgetStatus() { status = "" }

  private static func status(
    _ edge: Edge,
    from last: (time: Duration, progress: Progress)?,
    to next: (time: Duration, progress: Progress)
  ) -> String {
    let doing = edge.isDraining ? "draining" : "serving"
    let calls = count(edge.calls, "call")
    let seconds = last.map { (next.time - $0.time) / .seconds(1) } ?? 0
    func rate(_ path: KeyPath<Progress, Int>) -> String {
      guard let last, seconds > 0 else { return "0" }
      let done = next.progress[keyPath: path] - last.progress[keyPath: path]
      return scaled(Double(done) / seconds)
    }
    return "\(doing) \(calls) on \(count(edge.connections, "connection")), "
      + "\(rate(\.tokens)) tokens/s, \(rate(\.macs)) multiply-adds/s"
  }

  private static func count(_ number: Int, _ thing: String) -> String {
    "\(number) \(thing)\(number == 1 ? "" : "s")"
  }

  /// Three digits are as many as anybody reads: `88`, `3.5 M`, `2.4 G`.
  static func scaled(_ value: Double) -> String {
    for (unit, size) in [("T", 1e12), ("G", 1e9), ("M", 1e6)] where value >= size {
      let tenths = Int((value / size * 10).rounded())
      return tenths >= 1000 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(Int(value.rounded()))"
  }
}
