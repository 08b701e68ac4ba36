/// The server's end of one connection: a value that takes bytes and times, and gives events and bytes.
///
/// Whoever owns it hands in what the socket read, acts on the events, sends messages and ends through it, and writes
/// what `takeOutput` gives. It must call `tick` when `nextTick` says, and `outputPressure` whenever the socket has
/// taken some of what was written.
///
/// Every OPEN comes out as `opened` or `refused`, and the owner ends and bills each of them exactly once, whatever
/// happens.
public struct Conversation {
  /// What the owner must know.
  public enum Event: Sendable, Equatable {
    /// The client's HELLO has come.
    case greeted(Hello)
    /// A call begins.
    case opened(StreamID, Open)
    /// A call that must not begin: the owner ends it with this detail, and bills it. The `Open` holds what could be read.
    case refused(StreamID, Open, Detail, text: String)
    /// A message; its bytes go back through `consumed` when it has been used.
    case message(StreamID, Value, bytes: Int)
    /// The client has sent all its messages.
    case halfClosed(StreamID)
    /// The client gave the call up: the owner ends it with `cancelled`, and bills it.
    case cancelled(StreamID)
    /// The client broke a rule of the stream: the owner ends it with this detail, and bills it.
    case violated(StreamID, Detail, text: String)
    /// Messages that were blocked may pass now; 0 means those of every stream.
    case creditArrived(StreamID)
    /// The client will open no more.
    case peerGoingAway(Status, text: String)
    /// The connection is over. GOAWAY is in the output; the owner ends and bills every open stream, writes, and closes.
    case failed(Detail, text: String)
  }

  /// A stream from its OPEN to its BILL.
  struct Stream {
    enum State {
      /// The client may send messages.
      case open
      /// The client has sent all its messages.
      case halfClosed
      /// Refused, violated or cancelled: nothing more is heard, the owner's END is due.
      case deaf
      /// The owner's BILL is due.
      case ended
    }

    var state: State
    var isRefused = false
    var send: SendWindow
    var receive: ReceiveWindow
    var traffic = Traffic()
  }

  var line: Line
  var streams: [StreamID: Stream] = [:]
  /// The highest stream that was ever opened; what lies below and is not in `streams` is closed.
  public internal(set) var lastStream: StreamID = 0
  /// The last stream that is still taken, once the server is going away.
  var lastTaken: StreamID?
  /// Streams that count against `streamsMax`.
  public internal(set) var openCount = 0
  /// Since when nothing is open and nothing has come; nil while a stream is open, and until the tick after its BILL.
  var idleSince: Duration?
  /// When the last frame came.
  var heardAt: Duration
  /// When the client was asked whether it lives; nil since it was heard.
  var askedAt: Duration?
  /// The streams that were cancelled or refused in the last second.
  var resets: Rate

  /// Begins a conversation; the server's HELLO is in the output.
  ///
  /// - Parameters:
  ///   - software: the server's name and version.
  ///   - limits: what the server takes.
  ///   - now: time since an arbitrary origin, the same for all calls.
  public init(software: String, limits: Limits = Limits(), now: Duration) {
    line = Line(software: software, limits: limits, now: now)
    idleSince = now
    heardAt = now
    resets = Rate(max: limits.resetsMax)
  }

  /// Whether the connection has failed: nothing is read any more; close when the output is written.
  public var isFailed: Bool { line.failure != nil }

  /// Whether the server has said that it takes no new streams.
  public var isGoingAway: Bool { lastTaken != nil }

  /// Whether no stream waits for anything: not for its END, not for its BILL.
  public var isQuiet: Bool { streams.isEmpty }

  /// The streams that still need an END, ascending.
  public var openStreams: [StreamID] {
    streams.filter { $0.value.state != .ended }.keys.sorted()
  }

  /// What the client is ready to take.
  public var peerLimits: Limits { line.peerLimits }

  /// Takes all bytes for the client that have gathered.
  ///
  /// - Returns: bytes to write after all earlier ones; empty if there are none.
  public mutating func takeOutput() -> [UInt8] { line.outbox.take() }

  /// Whether `takeOutput` would give anything.
  public var hasOutput: Bool { !line.outbox.isEmpty }

  /// When `tick` wants to be called next; nil if nothing is due.
  public var nextTick: Duration? {
    guard !isFailed else { return nil }
    if let due = line.helloDue { return due }
    let idle = line.limits.idle
    // A connection that has just fallen silent starts its clock at the next tick, so that tick is due at once.
    let silent =
      streams.isEmpty && idle > .zero ? idleSince.map { $0 + idle } ?? line.clock : nil
    return [silent, line.gatheringDue, keepaliveDue, ageDue].compactMap { $0 }.min()
  }

  /// Lets time pass: HELLO and silence are judged, and credit that was being gathered is given back.
  ///
  /// - Parameter now: the time, never before an earlier one.
  /// - Returns: what the owner must know.
  public mutating func tick(now: Duration) -> [Event] {
    guard !isFailed else { return [] }
    line.advance(to: now)
    do throws(WireError) {
      try line.judgeHello(now: now)
      try judgePressure()
      try judgeIdle(now: now)
      try judgeLife(now: now)
    } catch {
      return [fail(error)]
    }
    if let due = ageDue, now >= due {
      goAway("the connection is \((now - line.born).milliseconds / 1000) s old; open another one")
    }
    if line.giveBackInTime() { giveBackGathered() }
    return []
  }

  /// Ends the connection for a reason of the server's own, such as `connectionsMax`.
  ///
  /// The owner ends and bills the streams that are open.
  ///
  /// - Parameters:
  ///   - detail: a connection error.
  ///   - text: the reason for a person.
  public mutating func fail(_ detail: Detail, _ text: String) {
    _ = fail(WireError(detail, text))
  }

  private mutating func judgeIdle(now: Duration) throws(WireError) {
    let idle = line.limits.idle
    guard streams.isEmpty, idle > .zero else { return }
    guard let since = idleSince else {
      idleSince = now
      return
    }
    if now >= since + idle {
      throw WireError(.idleTimeout, "nothing received for \(idle.milliseconds) ms")
    }
  }

  /// When the client is asked whether it lives, or given up.
  private var keepaliveDue: Duration? {
    guard line.limits.keepalive > .zero else { return nil }
    return askedAt.map { $0 + line.limits.keepaliveTimeout } ?? heardAt + line.limits.keepalive
  }

  /// When the connection is old enough to take no more streams.
  private var ageDue: Duration? {
    guard line.limits.age > .zero, !isGoingAway else { return nil }
    return line.born + line.limits.age
  }

  private mutating func judgeLife(now: Duration) throws(WireError) {
    guard let due = keepaliveDue, now >= due else { return }
    guard askedAt == nil else {
      throw WireError(
        .keepaliveTimeout,
        "no frame for \((now - heardAt).milliseconds) ms, and PING got no answer"
      )
    }
    askedAt = now
    line.outbox.append(.ping(ack: false, token: now.milliseconds))
  }

  mutating func fail(_ error: WireError) -> Event {
    line.fail(error, lastStream: lastStream)
    return .failed(error.detail, text: error.text)
  }
}
