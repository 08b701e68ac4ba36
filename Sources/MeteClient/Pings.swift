import Loop
import Wire

/// The PINGs of one connection that wait for their answer.
struct Pings {
  private var waiting: [UInt64: Ping] = [:]
  private var lastToken: UInt64 = 0
  /// When PINGs left within the last two seconds.
  private var times: [Duration] = []

  private struct Ping {
    let reply: Reply<Duration>
    let sent: Duration
    let limit: Timer
  }

  mutating func answer(_ token: UInt64, now: Duration) {
    guard let ping = waiting.removeValue(forKey: token) else { return }
    ping.limit.close()
    ping.reply.succeed(now - ping.sent)
  }

  mutating func fail(_ error: MeteError) {
    for ping in waiting.values {
      ping.limit.close()
      ping.reply.fail(error)
    }
    waiting = [:]
  }

  fileprivate mutating func take(_ token: UInt64) -> Reply<Duration>? {
    waiting.removeValue(forKey: token)?.reply
  }

  /// Takes note of a PING that is about to leave.
  ///
  /// - Returns: Its token, nil if it would be one too many for the server.
  fileprivate mutating func begin(most: Int, now: Duration) -> UInt64? {
    // Too many would end the connection with all its calls. They may arrive closer together than they
    // left, so the server's number for one second is spread over two.
    times.removeAll { now - $0 >= .seconds(2) }
    guard times.count < most else { return nil }
    times.append(now)
    lastToken += 1
    return lastToken
  }

  fileprivate mutating func expect(
    _ token: UInt64,
    _ reply: Reply<Duration>,
    now: Duration,
    limit: Timer
  ) {
    waiting[token] = Ping(reply: reply, sent: now, limit: limit)
  }
}

extension Peer {
  func ping(_ reply: Reply<Duration>, within limit: Duration) {
    let most = conversation.peerLimits.pingsMax
    guard let token = pings.begin(most: most, now: loop.now) else {
      let text = "more than \(most) PINGs within two seconds"
      return reply.fail(
        MeteError(.resourceExhausted, detail: Detail.pingFlood.rawValue, text: text)
      )
    }
    let timer = Timer.once(on: loop, after: limit) { [weak self] in
      let error = MeteError(
        .deadlineExceeded,
        detail: Detail.deadline.rawValue,
        text: "no pong within \(limit)"
      )
      self?.pings.take(token)?.fail(error)
    }
    pings.expect(token, reply, now: loop.now, limit: timer)
    conversation.ping(token: token)
  }
}
