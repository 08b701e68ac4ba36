/// The client's end of one connection: a value that takes bytes and times, and gives events and bytes.
///
/// Whoever owns it hands in what the socket read, acts on the events, and writes what `takeOutput` gives. It must call
/// `outputPressure` whenever the socket has taken some of what was written.
public struct ClientConversation {
  /// What the owner must know.
  public enum Event: Sendable, Equatable {
    /// The server's HELLO has come; messages that were blocked may pass now.
    case greeted(Hello)
    /// A message; its bytes go back through `consumed` when it has been used.
    case message(StreamID, Value, bytes: Int)
    /// The call has ended; its bill follows.
    case ended(StreamID, End)
    /// What the call cost. The stream is closed.
    case billed(StreamID, Bill)
    /// Messages that were blocked may pass now; 0 means those of every stream.
    case creditArrived(StreamID)
    /// The answer to a PING.
    case pong(token: UInt64)
    /// The server takes no streams above `lastStream`.
    case goAway(lastStream: StreamID, Status, text: String)
    /// The connection is over, by this side's judgement. GOAWAY is in the output; write it and close.
    case failed(Detail, text: String)
  }

  /// A stream from its OPEN to its BILL.
  struct Stream {
    enum State {
      /// Messages may be sent.
      case open
      /// All messages are sent.
      case halfClosed
      /// Given up; the server's END is awaited and its messages are dropped.
      case cancelled
      /// The server's BILL is awaited.
      case ended
    }

    var state = State.open
    var send: SendWindow
    var receive: ReceiveWindow
  }

  var line: Line
  var streams: [StreamID: Stream] = [:]
  /// The highest stream that was ever opened; what lies below and is not in `streams` is closed.
  var lastStream: StreamID = 0
  /// Whether either side has said that no more streams are opened.
  var isGoingAway = false

  /// Begins a conversation; the client's HELLO is in the output.
  ///
  /// - Parameters:
  ///   - software: the client's name and version.
  ///   - limits: what the client takes.
  ///   - now: time since an arbitrary origin, the same for all calls.
  public init(software: String, limits: Limits = Limits(), now: Duration) {
    line = Line(software: software, limits: limits, now: now)
  }

  /// Whether the connection has failed: nothing is read any more; close when the output is written.
  public var isFailed: Bool { line.failure != nil }

  /// What the server is ready to take: the defaults until its HELLO has come.
  public var peerLimits: Limits { line.peerLimits }

  /// The streams whose BILL has not come, ascending.
  ///
  /// If the socket closes now, these calls have failed.
  public var openStreams: [StreamID] { streams.keys.sorted() }

  /// Streams that count against the server's `streams_max`: those without END.
  public var openCount: Int { streams.values.count { $0.state != .ended } }

  /// Takes all bytes for the server that have gathered.
  ///
  /// - Returns: bytes to write after all earlier ones; empty if there are none.
  public mutating func takeOutput() -> [UInt8] { line.outbox.take() }

  /// Whether `takeOutput` would give anything.
  public var hasOutput: Bool { !line.outbox.isEmpty }

  /// When `tick` wants to be called next; nil if nothing is due.
  public var nextTick: Duration? {
    guard !isFailed else { return nil }
    return line.helloDue ?? line.gatheringDue
  }

  /// Lets time pass: HELLO is judged, and credit that was being gathered is given back.
  ///
  /// - Parameter now: the time, never before an earlier one.
  /// - Returns: what the owner must know.
  public mutating func tick(now: Duration) -> [Event] {
    guard !isFailed else { return [] }
    line.advance(to: now)
    do throws(WireError) {
      try line.judgeHello(now: now)
    } catch {
      return [fail(error)]
    }
    guard line.giveBackInTime() else { return [] }
    for stream in streams.keys.sorted() { giveBack(stream, atLeast: 1) }
    return []
  }

  mutating func fail(_ error: WireError) -> Event {
    line.fail(error, lastStream: 0)
    return .failed(error.detail, text: error.text)
  }
}
