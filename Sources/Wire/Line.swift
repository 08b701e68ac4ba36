/// How long consumed credit may be gathered before what is owed goes back, however little it is.
///
/// Without it a sender that needs more than half a window for one message could wait for ever.
private let creditGathering: Duration = .seconds(1)

/// What both ends of a connection share: frames in, bytes out, HELLO, PING and the connection's own windows.
struct Line {
  /// Our own limits.
  let limits: Limits
  /// The peer's: the defaults until its HELLO has come.
  private(set) var peerLimits = Limits()
  private(set) var hasGreeted = false
  /// Why the connection failed; nothing is read after that.
  private(set) var failure: WireError?
  var outbox = Outbox()
  var send: SendWindow
  var receive: ReceiveWindow

  private var reader: FrameReader
  let born: Duration
  /// The latest time that anyone told.
  private(set) var clock: Duration
  /// Since when consumed credit is being gathered; nil if there was nothing to gather.
  private var gatheringSince: Duration?
  /// The PINGs of the last second; never more than `pingsMax`.
  private var pings: Rate
  /// PINGs that were too many, since DATA was last sent.
  private var strikes = 0

  init(software: String, limits: Limits, now: Duration) {
    self.limits = limits
    reader = FrameReader(frameBytesMax: limits.frameBytesMax)
    send = SendWindow(left: peerLimits.connectionCredit)
    receive = ReceiveWindow(size: limits.connectionCredit)
    pings = Rate(max: limits.pingsMax)
    born = now
    clock = now
    outbox.append(.hello(Hello(software: software, limits: limits)))
  }

  /// Takes the next frame and its N off the front of `bytes`.
  mutating func next(
    from bytes: inout ArraySlice<UInt8>,
    now: Duration
  ) throws(WireError) -> (frame: Frame, length: Int)? {
    guard let body = try reader.next(from: &bytes) else { return nil }
    let frame = try Frame(decoding: body, limits: limits)
    if case .hello = frame {
      guard !hasGreeted else { throw WireError(.helloExpected, "a second HELLO") }
    } else {
      guard hasGreeted else { throw WireError(.helloExpected, "the first frame is not HELLO") }
    }
    return (frame, body.count)
  }

  mutating func greet(_ hello: Hello) throws(WireError) {
    guard hello.versions.contains(Hello.version) else {
      throw WireError(.versionUnsupported, "only version \(Hello.version) is spoken here")
    }
    hasGreeted = true
    send.shift(from: peerLimits.connectionCredit, to: hello.limits.connectionCredit)
    peerLimits = hello.limits
  }

  /// Answers a PING, before any frame that is queued later; one that is too many is a strike and gets no answer.
  mutating func ping(token: UInt64, now: Duration) throws(WireError) {
    if pings.take(at: now) {
      outbox.append(.ping(ack: true, token: token))
      return
    }
    strikes += 1
    guard strikes <= limits.pingStrikesMax else {
      throw WireError(
        .pingFlood,
        "more than \(limits.pingsMax) PINGs within a second, \(strikes) times over"
      )
    }
  }

  /// DATA goes out: who is served may ask more often whether we live.
  mutating func forgiveStrikes() { strikes = 0 }

  /// Takes DATA against the connection's window.
  mutating func receiveData(_ length: Int) throws(WireError) {
    guard receive.receive(length) else {
      throw WireError(.connectionCreditOverrun, "\(length) bytes with \(receive.left) of credit")
    }
  }

  /// Refuses credit that no window can take.
  func judgeCredit(_ bytes: Int) throws(WireError) {
    guard 1 ... int31Max ~= bytes else { throw WireError(.creditOverflow, "CREDIT of \(bytes)") }
  }

  mutating func widen(by bytes: Int) throws(WireError) {
    guard send.widen(by: bytes) else {
      throw WireError(.creditOverflow, "the connection's window would pass 2^31-1")
    }
  }

  /// DATA that the application is done with, or that never reached it.
  mutating func consume(_ bytes: Int) {
    if bytes > 0, gatheringSince == nil { gatheringSince = clock }
    receive.consume(bytes)
    giveBack(atLeast: receive.half)
  }

  /// When credit that is being gathered must go back, however little it is.
  var gatheringDue: Duration? { gatheringSince.map { $0 + creditGathering } }

  mutating func advance(to now: Duration) { clock = now }

  /// Gives the connection's credit back if it has been gathered for long enough; true if the streams' is due as well.
  mutating func giveBackInTime() -> Bool {
    guard let due = gatheringDue, clock >= due else { return false }
    gatheringSince = nil
    giveBack(atLeast: 1)
    return true
  }

  mutating func giveBack(atLeast: Int) {
    let bytes = receive.giveBack(atLeast: atLeast)
    if bytes > 0, failure == nil { outbox.append(.credit(0, bytes: bytes)) }
  }

  /// Says why, and reads nothing any more.
  mutating func fail(_ error: WireError, lastStream: StreamID) {
    guard failure == nil else { return }
    failure = error
    outbox.append(
      .goAway(
        lastStream: lastStream,
        error.detail.status,
        text: clipped("\(error)", bytesMax: textBytesMax)
      )
    )
  }

  /// When HELLO is overdue, as long as it has not come.
  var helloDue: Duration? { hasGreeted ? nil : born + limits.hello }

  func judgeHello(now: Duration) throws(WireError) {
    if let due = helloDue, now >= due {
      throw WireError(.helloTimeout, "no HELLO within \(limits.hello.milliseconds) ms")
    }
  }
}
