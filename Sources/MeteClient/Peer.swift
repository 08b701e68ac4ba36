import Loop
import Wire

/// One connection to the server on the loop thread, and the conversation on it.
final class Peer {
  var conversation: ClientConversation
  /// The calls that run here, until they are settled.
  var keys: [StreamID: CallKey] = [:]
  /// Whether the server's HELLO has come.
  private(set) var isGreeted = false
  /// The last stream that the server takes, once it has said GOAWAY.
  private(set) var lastTaken: StreamID?
  /// Why nothing can be asked here any more.
  private(set) var loss: MeteError?
  var pings = Pings()

  let loop: EventLoop
  private let settings: ClientSettings
  private unowned let link: Link
  private var connection: Connection?
  /// The text of a GOAWAY, which explains the end of the connection that follows.
  private var farewell: String?
  private var ticker: Timer?

  init(of link: Link) {
    self.link = link
    loop = link.loop
    settings = link.settings
    var limits = settings.limits
    limits.hello = settings.connectTime
    conversation = ClientConversation(software: settings.software, limits: limits, now: loop.now)
    ticker = Timer(on: loop) { [weak self] in self?.tick() }
  }

  /// Whether there is a socket that is not quite closed yet.
  var hasSocket: Bool { connection != nil }

  /// Whether the server takes one more call now.
  var hasRoom: Bool { conversation.openCount < conversation.peerLimits.streamsMax }

  /// Whether the server took a stream, so far as is known.
  func took(_ stream: StreamID) -> Bool { lastTaken.map { stream <= $0 } ?? true }

  func connect(to address: Address) {
    Connection.connect(to: address, on: loop, within: settings.connectTime) { [self] result in
      switch result {
      case .success(let connected):
        guard loss == nil else { return connected.close() }
        adopt(connected)
      case .failure(let error):
        lose(MeteError(.unavailable, detail: MeteError.Local.connectFailed, text: "\(error)"))
      }
    }
  }

  private func adopt(_ connected: Connection) {
    connection = connected
    connected.drainMark = 262_144
    connected.onBytes = { [self] bytes in
      handle(conversation.receive(bytes, now: loop.now))
      flush()
    }
    connected.onDrained = { [self] in flush() }
    connected.onEnd = { [self] error in
      lose(.lost(farewell ?? error.map { "\($0)" } ?? "the server closed it"))
    }
    connected.onClose = { [self] in
      connection = nil
      lose(.lost(farewell ?? "the socket was closed"))
      link.gone(self)
    }
    flush()
  }

  // MARK: Ending

  /// Says goodbye and closes.
  func leave(_ text: String, _ error: MeteError) {
    if loss == nil, connection != nil {
      conversation.goAway(text)
      flush()
    }
    lose(error)
  }

  /// Leaves a server that takes no more calls when the last one has ended.
  func leaveWhenDone() {
    guard lastTaken != nil, keys.isEmpty, loss == nil else { return }
    leave("the last call has ended", .lost(farewell ?? "the server is going away"))
  }

  /// Fails everything that is open, once, and closes the connection when what is queued is written.
  func lose(_ error: MeteError) {
    guard loss == nil else { return }
    loss = error
    ticker?.close()
    ticker = nil
    pings.fail(error)
    connection?.finish(within: settings.closeTime)
    link.lost(self, error)
  }

  // MARK: Bytes

  /// Writes what has gathered, and asks for the next tick.
  func flush() {
    guard loss == nil, let connection else { return }
    repeat {
      connection.write(conversation.takeOutput())
      handle(conversation.outputPressure(connection.queuedBytes))
    } while loss == nil && conversation.hasOutput
    guard loss == nil, let due = conversation.nextTick else { return }
    ticker?.start(after: due - loop.now)
  }

  private func tick() {
    handle(conversation.tick(now: loop.now))
    flush()
  }

  private func handle(_ events: [ClientConversation.Event]) {
    for event in events {
      guard loss == nil else { return }
      switch event {
      case .greeted:
        isGreeted = true
        link.greeted(self)
      case .message, .ended, .billed: link.takeForStream(event, from: self)
      case .creditArrived(let stream): link.sendUnsent(stream, on: self)
      case .pong(let token): pings.answer(token, now: loop.now)
      case .goAway(let last, _, let text):
        farewell = text
        lastTaken = min(lastTaken ?? last, last)
        link.goingAway(self, text)
        leaveWhenDone()
      case .failed(let detail, let text):
        // GOAWAY is in the output, and says to the server what it did wrong.
        connection?.write(conversation.takeOutput())
        lose(MeteError(detail.status, detail: detail.rawValue, text: text))
      }
    }
    // What has ended left room.
    if loss == nil { link.placeWaiting(on: self) }
  }
}
