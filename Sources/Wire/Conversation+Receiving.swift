extension Conversation {
  /// Takes bytes that the socket read.
  ///
  /// - Parameters:
  ///   - bytes: any part of the client's bytes, in order.
  ///   - now: the time, never before an earlier one.
  /// - Returns: what the owner must know, in order. After `failed` nothing comes any more.
  public mutating func receive(_ bytes: [UInt8], now: Duration) -> [Event] {
    var events: [Event] = []
    guard !isFailed else { return events }
    line.advance(to: now)
    var rest = bytes[...]
    do throws(WireError) {
      try judgePressure()
      while let (frame, length) = try line.next(from: &rest, now: now) {
        heardAt = now
        askedAt = nil
        if let event = try take(frame, length, now: now) { events.append(event) }
        // The answer to our own question is no sign that the client wants anything.
        if !frame.isPong || idleSince == nil { idleSince = streams.isEmpty ? now : nil }
        try judgePressure()
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
      try line.greet(hello)
      return .greeted(hello)
    case .open(let id, let open): return try takeOpen(id, open, length, now: now)
    case .data(let id, let message): return try takeData(id, message, length)
    case .halfClose(let id):
      guard try hears(id, length), streams[id]?.state == .open else { return nil }
      streams[id]?.state = .halfClosed
      return .halfClosed(id)
    case .cancel(let id):
      guard try hears(id, length) else { return nil }
      try countReset(now: now)
      streams[id]?.state = .deaf
      return .cancelled(id)
    case .credit(let id, let bytes): return try takeCredit(id, bytes, length)
    case .ping(ack: true, _): return nil
    case .ping(ack: false, let token):
      try line.ping(token: token, now: now)
      return nil
    case .goAway(_, let status, let text): return .peerGoingAway(status, text: text)
    case .end, .bill:
      throw WireError(.wrongDirection, "a server takes neither END nor BILL")
    }
  }

  /// Counts a frame for its stream; true if the stream still listens, and false if it is closed or deaf.
  private mutating func hears(_ id: StreamID, _ length: Int) throws(WireError) -> Bool {
    guard id <= lastStream else { throw WireError(.streamID, "stream \(id) was never opened") }
    guard let state = streams[id]?.state, state != .ended else { return false }
    streams[id]?.traffic.bytesIn += length + 4
    return state != .deaf
  }

  private mutating func takeOpen(
    _ id: StreamID,
    _ frame: OpenFrame,
    _ length: Int,
    now: Duration
  ) throws(WireError) -> Event {
    guard id > lastStream, id <= int31Max else {
      throw WireError(.streamID, "stream \(id) cannot be opened after \(lastStream)")
    }
    var (open, problem) = frame.judged(line.limits)
    if openCount >= line.limits.streamsMax {
      problem = WireError(.streamsMax, "\(openCount) streams are open")
    }
    if let lastTaken, id > lastTaken {
      problem = WireError(.draining, "the server is going away; no work was done")
    }
    // What comes after GOAWAY crossed it on the wire.
    if problem != nil, lastTaken == nil { try countReset(now: now) }
    lastStream = id
    var stream = Stream(
      state: problem == nil ? .open : .deaf,
      isRefused: problem != nil,
      send: SendWindow(left: line.peerLimits.streamCredit),
      receive: ReceiveWindow(size: line.limits.streamCredit)
    )
    stream.traffic.bytesIn = length + 4
    streams[id] = stream
    if let problem { return .refused(id, open, problem.detail, text: problem.text) }
    openCount += 1
    return .opened(id, open)
  }

  private mutating func takeData(
    _ id: StreamID,
    _ message: Value,
    _ length: Int
  ) throws(WireError) -> Event? {
    let isHeard = try hears(id, length)
    try line.receiveData(length)
    guard isHeard, let state = streams[id]?.state else {
      line.consume(length)
      return nil
    }
    guard state == .open else {
      line.consume(length)
      return violate(id, .messageAfterHalfClose, "DATA after HALF_CLOSE")
    }
    guard streams[id]?.receive.receive(length) == true else {
      line.consume(length)
      return violate(id, .creditOverrun, "\(length) bytes of DATA are over the stream's credit")
    }
    return .message(id, message, bytes: length)
  }

  private mutating func takeCredit(
    _ id: StreamID,
    _ bytes: Int,
    _ length: Int
  ) throws(WireError) -> Event? {
    try line.judgeCredit(bytes)
    guard id != 0 else {
      try line.widen(by: bytes)
      return .creditArrived(0)
    }
    guard try hears(id, length) else { return nil }
    guard streams[id]?.send.widen(by: bytes) == true else {
      throw WireError(.creditOverflow, "the window of stream \(id) would pass 2^31-1")
    }
    return .creditArrived(id)
  }

  private mutating func countReset(now: Duration) throws(WireError) {
    guard resets.take(at: now) else {
      throw WireError(
        .resetFlood,
        "more than \(line.limits.resetsMax) streams were cancelled or refused within a second"
      )
    }
  }

  private mutating func violate(_ id: StreamID, _ detail: Detail, _ text: String) -> Event {
    streams[id]?.state = .deaf
    return .violated(id, detail, text: text)
  }

  func judgePressure() throws(WireError) {
    guard line.outbox.control <= line.limits.controlBytesMax else {
      throw WireError(
        .slowReader,
        "\(line.outbox.control) unread bytes of frames that are not DATA"
      )
    }
  }
}
