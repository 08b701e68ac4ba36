import Loop
import Wire

/// The loop thread's half of a client: the connection, the conversation on it, and what its calls wait for.
final class Link {
  let loop: EventLoop
  let settings: ClientSettings
  var conversation: ClientConversation
  var calls: [CallKey: CallState] = [:]
  var keys: [StreamID: CallKey] = [:]

  /// Why nothing can be asked any more; nil as long as the connection may still work.
  private(set) var loss: MeteError?
  private var connection: Connection?
  private var greeting: Reply<Void>?
  /// The text of a GOAWAY, which explains the end of the connection that follows.
  private var farewell: String?
  private var ticker: Timer?
  private var pings: [UInt64: Ping] = [:]
  private var lastToken: UInt64 = 0
  /// When PINGs left within the last two seconds.
  private var pingTimes: [Duration] = []
  private var closing: [Reply<Void>] = []
  private var isClosing = false

  private struct Ping {
    let reply: Reply<Duration>
    let sent: Duration
    let limit: Timer
  }

  init(on loop: EventLoop, _ settings: ClientSettings) {
    self.loop = loop
    self.settings = settings
    var limits = settings.limits
    limits.hello = settings.connectTime
    conversation = ClientConversation(software: settings.software, limits: limits, now: loop.now)
    ticker = Timer(on: loop) { [weak self] in self?.tick() }
  }

  /// Does what the tasks have asked since the last turn.
  func take(_ commands: [Command]) {
    for command in commands {
      switch command {
      case .connect(let address, let reply): connect(to: address, reply)
      case .ping(let reply, let limit): ping(reply, within: limit)
      case .close(let reply): close(reply)
      default: takeForCall(command)
      }
    }
    flush()
  }

  /// Ends everything after the loop has stopped, and answers those who came too late.
  func finish(refusing late: [Command]) {
    lose(closedError)
    for command in late { command.refuse(closedError) }
    loop.close()
    for reply in closing { reply.succeed(()) }
  }

  private var closedError: MeteError {
    MeteError(.cancelled, detail: MeteError.Local.clientClosed, text: "the client was closed")
  }

  // MARK: Connecting and closing

  private func connect(to address: Address, _ reply: Reply<Void>) {
    // A task that was cancelled before it began has closed already.
    if let loss { return reply.fail(loss) }
    greeting = reply
    Connection.connect(to: address, on: loop, within: settings.connectTime) { [self] result in
      switch result {
      case .success(let connected):
        guard loss == nil else { return connected.close() }
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
          lose(.lost(farewell ?? "the socket was closed"))
          if isClosing { loop.stop() }
        }
        flush()
      case .failure(let error):
        lose(MeteError(.unavailable, detail: MeteError.Local.connectFailed, text: "\(error)"))
      }
    }
  }

  private func close(_ reply: Reply<Void>?) {
    if let reply { closing.append(reply) }
    guard !isClosing else { return }
    isClosing = true
    if loss == nil, connection != nil {
      conversation.goAway("the client was closed")
      flush()
    }
    let connection = connection
    lose(closedError)
    guard let connection, !connection.isClosed else { return loop.stop() }
  }

  /// Fails everything that is open, once, and closes the connection when what is queued is written.
  func lose(_ error: MeteError) {
    guard loss == nil else { return }
    loss = error
    ticker?.close()
    ticker = nil
    if let reply = greeting {
      greeting = nil
      reply.fail(
        MeteError(error.status, detail: MeteError.Local.connectFailed, text: error.text)
      )
    }
    for ping in pings.values {
      ping.limit.close()
      ping.reply.fail(error)
    }
    pings = [:]
    for key in calls.keys.sorted() { settle(key, .failure(error.with(nil))) }
    connection?.finish(within: settings.closeTime)
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
      switch event {
      case .greeted:
        greeting?.succeed(())
        greeting = nil
      case .message, .ended, .billed: takeForStream(event)
      case .creditArrived(let stream): sendUnsent(stream)
      case .pong(let token):
        guard let ping = pings.removeValue(forKey: token) else { continue }
        ping.limit.close()
        ping.reply.succeed(loop.now - ping.sent)
      case .goAway(_, _, let text): farewell = text
      case .failed(let detail, let text):
        // GOAWAY is in the output, and says to the server what it did wrong.
        connection?.write(conversation.takeOutput())
        lose(MeteError(detail.status, detail: detail.rawValue, text: text))
      }
    }
  }

  private func ping(_ reply: Reply<Duration>, within limit: Duration) {
    if let loss { return reply.fail(loss) }
    // Too many would end the connection with all its calls. They may arrive closer together than they
    // left, so the server's number for one second is spread over two.
    pingTimes.removeAll { loop.now - $0 >= .seconds(2) }
    guard pingTimes.count < conversation.peerLimits.pingsMax else {
      let text = "more than \(pingTimes.count) PINGs within two seconds"
      return reply.fail(
        MeteError(.resourceExhausted, detail: Detail.pingFlood.rawValue, text: text)
      )
    }
    pingTimes.append(loop.now)
    lastToken += 1
    let token = lastToken
    let timer = Timer.once(on: loop, after: limit) { [weak self] in
      let error = MeteError(
        .deadlineExceeded,
        detail: Detail.deadline.rawValue,
        text: "no pong within \(limit)"
      )
      self?.pings.removeValue(forKey: token)?.reply.fail(error)
    }
    pings[token] = Ping(reply: reply, sent: loop.now, limit: timer)
    conversation.ping(token: token)
  }
}
