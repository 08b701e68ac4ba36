extension ClientConversation {
  /// Takes bytes that the socket read.
  ///
  /// - Parameters:
  ///   - bytes: any part of the server's bytes, in order.
  ///   - now: the time, never before an earlier one.
  /// - Returns: what the owner must know, in order. After `failed` nothing comes any more.
  public mutating func receive(_ bytes: [UInt8], now: Duration) -> [Event] {
    var events: [Event] = []
    guard !isFailed else { return events }
    line.advance(to: now)
    var rest = bytes[...]
    do throws(WireError) {
      while let (frame, length) = try line.next(from: &rest, now: now) {
        if let event = try take(frame, length, now: now) { events.append(event) }
      }
    } catch {
      events.append(fail(error))
    }
    return events
  }

  private mutating func take(
    _ frame: Frame,
    _ length: Int,
    now: Duration
  ) throws(WireError) -> Event? {
    switch frame {
    case .hello(let hello):
      let old = line.peerLimits.streamCredit
      try line.greet(hello)
      for id in streams.keys {
        streams[id]?.send.shift(from: old, to: hello.limits.streamCredit)
      }
      return .greeted(hello)
    case .data(let id, let message): return try takeData(id, message, length)
    case .end(let id, let end):
      guard let stream = try known(id), stream.state != .ended else { return nil }
      close(id)
      return .ended(id, end)
    case .bill(let id, let bill):
      guard let stream = try known(id) else { return nil }
      guard stream.state == .ended else {
        throw malformed("the BILL of stream \(id) before its END")
      }
      streams[id] = nil
      return .billed(id, bill)
    case .credit(let id, let bytes): return try takeCredit(id, bytes)
    case .ping(ack: true, let token): return .pong(token: token)
    case .ping(ack: false, let token):
      try line.ping(token: token, now: now)
      return nil
    case .goAway(let lastStream, let status, let text):
      isGoingAway = true
      return .goAway(lastStream: lastStream, status, text: text)
    case .open, .halfClose, .cancel:
      throw WireError(.wrongDirection, "a client takes no OPEN, HALF_CLOSE or CANCEL")
    }
  }

  /// The stream, nil if it is closed.
  private func known(_ id: StreamID) throws(WireError) -> Stream? {
    guard id <= lastStream else { throw WireError(.streamID, "stream \(id) was never opened") }
    return streams[id]
  }

  private mutating func takeData(
    _ id: StreamID,
    _ message: Value,
    _ length: Int
  ) throws(WireError) -> Event? {
    let stream = try known(id)
    try line.receiveData(length)
    guard let stream, stream.state == .open || stream.state == .halfClosed else {
      line.consume(length)
      return nil
    }
    guard streams[id]?.receive.receive(length) == true else {
      // A client has no END to send, and a server that overruns is not to be trusted.
      line.consume(length)
      throw WireError(.creditOverrun, "\(length) bytes of DATA are over the credit of stream \(id)")
    }
    return .message(id, message, bytes: length)
  }

  private mutating func takeCredit(_ id: StreamID, _ bytes: Int) throws(WireError) -> Event? {
    try line.judgeCredit(bytes)
    guard id != 0 else {
      try line.widen(by: bytes)
      return .creditArrived(0)
    }
    guard let stream = try known(id), stream.state != .ended else { return nil }
    guard streams[id]?.send.widen(by: bytes) == true else {
      throw WireError(.creditOverflow, "the window of stream \(id) would pass 2^31-1")
    }
    return stream.state == .open ? .creditArrived(id) : nil
  }

  /// Gives all of the stream's DATA back and expects no more.
  mutating func close(_ id: StreamID, as state: Stream.State = .ended) {
    guard var stream = streams[id] else { return }
    line.consume(stream.receive.held)
    stream.receive.consume(stream.receive.held)
    _ = stream.receive.giveBack(atLeast: 0)
    stream.state = state
    streams[id] = stream
  }
}
