import Loop
import Support

@testable import Wire

/// A client made of a loop's connection and a conversation, which a test drives by hand.
final class TestPeer {
  /// What came back on one stream.
  struct Answer {
    var messages: [Value] = []
    var end: End?
    var bill: Bill?
    var endsCount = 0
    var billsCount = 0
  }

  let loop: EventLoop
  private(set) var conversation: ClientConversation
  private(set) var answers: [StreamID: Answer] = [:]
  private(set) var failure: String?
  /// What the server said when it went away.
  private(set) var farewell: String?
  private var connection: Connection?
  private var waiting: [(StreamID, Value)] = []
  private var closings: [StreamID] = []
  /// Whether messages are used at once, so that credit goes back.
  var isReading = true
  /// Messages that were not used yet.
  private var unread: [(StreamID, Int)] = []
  private var onPong: (() -> Void)?
  /// Called with every END.
  var onEnd: ((StreamID) -> Void)?

  init(_ address: Address, on loop: EventLoop, limits: Limits = Limits()) {
    self.loop = loop
    conversation = ClientConversation(software: "test", limits: limits, now: loop.now)
    Connection.connect(to: address, on: loop) { [self] result in
      switch result {
      case .success(let opened): begin(opened)
      case .failure(let error): failure = "\(error)"
      }
    }
  }

  private func begin(_ opened: Connection) {
    connection = opened
    opened.onBytes = { [weak self] bytes in
      guard let self else { return }
      self.act(self.conversation.receive(bytes, now: self.loop.now))
    }
    opened.onEnd = { [weak self] error in
      self?.failure = self?.failure ?? error.map { "\($0)" } ?? "closed by the server"
    }
    flush()
  }

  /// Opens a call and sends messages as credit allows; then half-closes.
  @discardableResult
  func call(_ open: Open, _ messages: [Value], closes: Bool = true) throws -> StreamID {
    let stream = try conversation.open(open)
    answers[stream] = Answer()
    waiting += messages.map { (stream, $0) }
    if closes { closings.append(stream) }
    flush()
    return stream
  }

  func cancel(_ stream: StreamID) {
    waiting.removeAll { $0.0 == stream }
    closings.removeAll { $0 == stream }
    conversation.cancel(stream)
    flush()
  }

  /// Says that no more messages come on a stream.
  func close(_ stream: StreamID) {
    conversation.halfClose(stream)
    flush()
  }

  /// Calls `body` when the server has read everything that was sent so far.
  func afterAllIsRead(_ body: @escaping () -> Void) {
    onPong = body
    conversation.ping(token: 1)
    flush()
  }

  /// Stops reading the socket.
  func pause() { connection?.pauseReading() }

  /// Reads on.
  func resume() { connection?.resumeReading() }

  /// Uses what has come and what will come.
  func readOn() {
    isReading = true
    for (stream, bytes) in unread { conversation.consumed(bytes, on: stream) }
    unread = []
    flush()
  }

  /// Drops the socket without a word, as a killed process does.
  func vanish() {
    failure = "vanished"
    connection?.close()
    connection = nil
  }

  /// Whether the server said that it takes no more calls.
  var isGoneAway: Bool { farewell != nil }

  /// Messages that wait for credit.
  var unsentCount: Int { waiting.count }

  /// Streams that still wait for a bill.
  var openCount: Int { failure == nil ? answers.values.filter { $0.bill == nil }.count : 0 }

  /// Whether all credit that was spent on the connection has come back.
  var isCreditWhole: Bool { conversation.line.send.left == Limits().connectionCredit }

  /// Lets time pass for the conversation.
  func tick() {
    act(conversation.tick(now: loop.now))
  }

  private func act(_ events: [ClientConversation.Event]) {
    for event in events {
      switch event {
      case .message(let stream, let message, let bytes):
        answers[stream]?.messages.append(message)
        if isReading {
          conversation.consumed(bytes, on: stream)
        } else {
          unread.append((stream, bytes))
        }
      case .ended(let stream, let end):
        answers[stream]?.end = end
        answers[stream]?.endsCount += 1
        waiting.removeAll { $0.0 == stream }
        closings.removeAll { $0 == stream }
        onEnd?(stream)
      case .billed(let stream, let bill):
        answers[stream]?.bill = bill
        answers[stream]?.billsCount += 1
      case .goAway(_, _, let text): farewell = text
      case .pong:
        onPong?()
        onPong = nil
      case .failed(let detail, let text): failure = "\(detail.rawValue): \(text)"
      default: break
      }
    }
    flush()
  }

  private func flush() {
    guard let connection else { return }
    var blocked: Set<StreamID> = []
    waiting.removeAll { stream, message in
      guard !blocked.contains(stream) else { return false }
      if case .sent = conversation.send(message, on: stream) { return true }
      blocked.insert(stream)
      return false
    }
    closings.removeAll { stream in
      guard !waiting.contains(where: { $0.0 == stream }) else { return false }
      conversation.halfClose(stream)
      return true
    }
    while conversation.hasOutput {
      connection.write(conversation.takeOutput())
      _ = conversation.outputPressure(connection.queuedBytes)
    }
  }
}

extension EventLoop {
  /// Runs on for a while: so many looks of `run`.
  func turn(_ looks: Int) {
    var left = looks
    _ = run(within: .seconds(5)) {
      left -= 1
      return left < 0
    }
  }

  /// Runs until `isDone` holds, looking every few milliseconds; false if that takes longer than `limit`.
  func run(within limit: Duration, until isDone: @escaping () -> Bool) -> Bool {
    let started = now
    let ticker = Timer(on: self) { [self] in
      if isDone() || now - started > limit { stop() }
    }
    ticker.start(after: .zero, every: .milliseconds(2))
    run()
    ticker.close()
    return isDone()
  }
}

extension Open {
  /// A call with parameters.
  init(_ method: String, model: String? = nil, _ params: KeyValuePairs<String, Value> = [:]) {
    self.init(method)
    self.model = model
    self.params = params.map { Value.Entry($0.key, $0.value) }
  }
}
