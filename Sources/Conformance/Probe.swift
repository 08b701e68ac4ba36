import Loop
import Wire

/// A connection that a case drives frame by frame.
final class Probe {
  let loop: EventLoop
  let patience: Duration
  /// What the server told in its HELLO; the defaults before.
  private(set) var server = Limits()
  private(set) var hasGreeted = false
  private(set) var greeting: Hello?
  var answers: [StreamID: Answer] = [:]
  /// All frames, in order.
  private(set) var arrivals: [Frame] = []
  private(set) var goAway: (last: StreamID, status: Int, text: String)?
  /// Tokens of the PINGs that were answered, in order.
  private(set) var pongs: [UInt64] = []
  /// Tokens of the server's own PINGs.
  private(set) var asked: [UInt64] = []
  /// Bytes of CREDIT(0, …) that came.
  private(set) var connectionCredit = 0
  /// Bytes of DATA that we sent, over all streams.
  private(set) var dataSent = 0
  /// The first rule of all connections that the server broke.
  private(set) var breach: String?
  /// Whether the server closed.
  private(set) var isEnded = false

  /// Whether DATA that comes is given credit for at once.
  var givesCredit = true
  /// Whether the server's own PINGs are answered.
  var answersPings = true
  /// The highest stream that was opened here.
  var lastStream: StreamID = 0

  /// Bytes that were not sent as frames of a stream.
  private(set) var rawBytes = 0

  private var connection: Connection?
  private var reader = FrameReader()
  private var limits = Limits()
  /// What the server may still send, by stream; 0 is the connection.
  private var windows: [StreamID: Int] = [0: Limits().connectionCredit]
  /// What we may still send, beside the limits of the server's HELLO.
  private var spent: [StreamID: Int] = [:]
  private var pingsSent: [UInt64] = []

  init(on loop: EventLoop, patience: Duration) {
    self.loop = loop
    self.patience = patience
  }

  func connect(to address: Address) throws {
    var result: Result<Connection, LoopError>?
    Connection.connect(to: address, on: loop, within: patience) { [loop] in
      result = $0
      if case .success(let opened) = $0 { self.begin(opened) }
      loop.stop()
    }
    while result == nil { loop.run() }
    if case .failure(let error) = result { throw Failure("no connection: \(error)") }
  }

  private func begin(_ opened: Connection) {
    connection = opened
    opened.onBytes = { [weak self] in self?.receive($0) }
    opened.onEnd = { [weak self] _ in
      self?.isEnded = true
      self?.loop.stop()
    }
  }

  // MARK: Sending

  /// Sends any bytes; nobody knows to which stream they belong.
  func write(_ bytes: [UInt8]) {
    rawBytes += bytes.count
    connection?.write(bytes)
  }

  /// Sends frames, each counted for its stream.
  func send(_ frames: Frame...) { send(frames) }

  func send(_ frames: [Frame]) {
    var bytes: [UInt8] = []
    for frame in frames {
      let before = bytes.count
      frame.encode(into: &bytes)
      note(frame, bytes.count - before)
    }
    connection?.write(bytes)
  }

  /// Notes a frame whose bytes the case writes by itself.
  func count(_ frame: Frame) { note(frame, frame.encoded.count) }

  private func note(_ frame: Frame, _ count: Int) {
    if frame.stream > 0 { answers[frame.stream]?.bytesIn += count }
    switch frame {
    case .hello(let hello):
      for stream in windows.keys {
        windows[stream, default: 0] +=
          stream == 0
          ? hello.limits.connectionCredit - limits.connectionCredit
          : hello.limits.streamCredit - limits.streamCredit
      }
      limits = hello.limits
    case .open(let stream, let open):
      lastStream = max(lastStream, stream)
      guard answers[stream] == nil else { return }
      answers[stream] = Answer(method: open.method, call: open.options["call"]?.asBytes)
      answers[stream]?.bytesIn = count
      windows[stream] = limits.streamCredit
    case .data(let stream, _):
      dataSent += count - 4
      spent[stream, default: 0] += count - 4
    case .credit(let stream, let bytes): windows[stream, default: 0] += bytes
    case .ping(ack: false, let token): pingsSent.append(token)
    default: break
    }
  }

  /// Bytes of DATA that the server's credit allows on a stream now.
  func sendable(_ stream: StreamID) -> Int {
    let own = server.streamCredit + (answers[stream]?.credit ?? 0) - spent[stream, default: 0]
    return min(own, server.connectionCredit + connectionCredit - dataSent)
  }

  /// Notes a PING that was written as plain bytes.
  func expect(pong token: UInt64) { pingsSent.append(token) }

  /// Stops reading the socket.
  func pause() { connection?.pauseReading() }

  /// Reads on.
  func resume() { connection?.resumeReading() }

  /// Ends the client's bytes; the server's still come.
  func halfCloseSocket() { connection?.halfClose() }

  /// Drops the socket without a word.
  func vanish() {
    connection?.close()
    connection = nil
  }

  /// Bytes that the system has not taken yet.
  var queuedBytes: Int { connection?.queuedBytes ?? 0 }

  // MARK: Receiving

  private func receive(_ bytes: [UInt8]) {
    var rest = bytes[...]
    do throws(WireError) {
      while let body = try reader.next(from: &rest) {
        take(try Frame(decoding: body), Array(body))
      }
    } catch {
      breaks("a frame that does not decode came: \(error)")
    }
    loop.stop()
  }

  /// Notes that the server broke a rule; the first one is told.
  func breaks(_ rule: String) { breach = breach ?? rule }

  private func take(_ frame: Frame, _ body: [UInt8]) {
    arrivals.append(frame)
    if arrivals.count == 1, case .hello = frame {
    } else if arrivals.count == 1 {
      breaks("the server's first frame is not HELLO (§3.1)")
    }
    switch frame {
    case .hello(let hello):
      if hasGreeted { breaks("the server sent a second HELLO (§3.1)") }
      hasGreeted = true
      greeting = hello
      server = hello.limits
      reader = FrameReader(frameBytesMax: limits.frameBytesMax)
    case .data(let stream, let message): takeData(stream, message, body.count)
    case .end(let stream, let end): takeEnd(stream, end, body.count)
    case .bill(let stream, let bill):
      takeBill(stream, bill, try? Value(decoding: body).asArray?.last)
    case .credit(let stream, let bytes): takeCredit(stream, bytes, body.count)
    case .ping(ack: true, let token):
      pongs.append(token)
      if pingsSent.isEmpty || !pingsSent.contains(token) {
        breaks("PING(ack=true) with a token that nobody sent: \(token) (§3.3)")
      }
    case .ping(ack: false, let token):
      asked.append(token)
      if answersPings { send(.ping(ack: true, token: token)) }
    case .goAway(let last, let status, let text):
      goAway = (last, status.rawValue, text)
      if text.utf8.count > 1024 { breaks("the text of GOAWAY is over 1,024 bytes (§2)") }
    case .open, .halfClose, .cancel: breaks("a server sent \(frame) (§1)")
    }
  }

  private func takeData(_ stream: StreamID, _ message: Value, _ length: Int) {
    guard let answer = answers[stream] else {
      return breaks("DATA on stream \(stream), which was never opened (§4)")
    }
    if answer.end != nil { breaks("DATA after END on stream \(stream) (§4)") }
    answers[stream]?.messages.append(message)
    answers[stream]?.dataBytes.append(length)
    answers[stream]?.bytesOut += length + 4
    for window in [stream, 0] {
      windows[window, default: 0] -= length
      if windows[window, default: 0] < 0 {
        breaks(
          "DATA of \(length) bytes is over the credit of \(window == 0 ? "the connection" : "its stream") (§3.2)"
        )
      }
    }
    guard givesCredit else { return }
    send(.credit(stream, bytes: length), .credit(0, bytes: length))
  }

  private func takeCredit(_ stream: StreamID, _ bytes: Int, _ length: Int) {
    if bytes < 1 { breaks("CREDIT of \(bytes) (§2)") }
    guard stream != 0 else { return connectionCredit += bytes }
    guard let answer = answers[stream] else {
      return breaks("CREDIT for stream \(stream), which was never opened (§3.2)")
    }
    answers[stream]?.credit += bytes
    if answer.end == nil { answers[stream]?.bytesOut += length + 4 }
  }
}
