extension Conversation {
  /// Bytes of DATA that both windows allow on a stream now; 0 if it takes none.
  ///
  /// - Parameter stream: any stream.
  /// - Returns: the most that the N of a message may be.
  public func sendable(_ stream: StreamID) -> Int {
    guard let window = talking(stream)?.send, line.outbox.backlog < line.limits.outputBytesMax
    else { return 0 }
    return max(0, min(window.left, line.send.left))
  }

  /// Sends one message if credit covers it; otherwise nothing happens, and the row pauses.
  ///
  /// - Parameters:
  ///   - message: the message.
  ///   - stream: the stream.
  /// - Returns: what became of it.
  public mutating func send(_ message: Value, on stream: StreamID) -> Sent {
    guard var window = talking(stream)?.send else { return .closed }
    let sent = sendData(message, on: stream, window: &window, line: &line)
    switch sent {
    case .sent(let bytes):
      streams[stream]?.send = window
      streams[stream]?.traffic.bytesOut += bytes + 4
    case .blocked, .tooLarge, .closed: break
    }
    return sent
  }

  /// Ends a stream, and gives back the DATA that the owner has not consumed.
  ///
  /// - Parameters:
  ///   - stream: a stream that was opened or refused and has not ended.
  ///   - end: how it ended.
  /// - Returns: the stream's bytes both ways, for the bill.
  /// - Precondition: the stream has no END yet.
  @discardableResult
  public mutating func end(_ stream: StreamID, _ end: End) -> Traffic {
    guard var ending = streams[stream], ending.state != .ended else {
      preconditionFailure("stream \(stream) ended twice, or never opened")
    }
    ending.traffic.bytesOut += line.outbox.append(.end(stream, end))
    ending.state = .ended
    line.consume(ending.receive.held)
    ending.receive.consume(ending.receive.held)
    _ = ending.receive.giveBack(atLeast: 0)
    streams[stream] = ending
    if !ending.isRefused { openCount -= 1 }
    return ending.traffic
  }

  /// Sends a stream's bill, its last frame; the stream is forgotten.
  ///
  /// - Parameters:
  ///   - stream: a stream that has ended.
  ///   - bill: the bill, bytes in and out included (`end` returned them).
  /// - Precondition: the stream has its END and no BILL.
  public mutating func bill(_ stream: StreamID, _ bill: Bill) {
    precondition(streams[stream]?.state == .ended, "stream \(stream) billed before its END")
    line.outbox.append(.bill(stream, bill))
    streams[stream] = nil
  }

  /// Tells that messages were used, so that the client may send more.
  ///
  /// For streams that have ended it does nothing: `end`
  /// has given everything back.
  ///
  /// - Parameters:
  ///   - bytes: as many as the `message` events said, or some of them.
  ///   - stream: the stream they came on.
  /// - Precondition: no more is consumed than has come.
  public mutating func consumed(_ bytes: Int, on stream: StreamID) {
    guard let state = streams[stream]?.state, state != .ended else { return }
    streams[stream]?.receive.consume(bytes)
    line.consume(bytes)
    guard state == .open else { return }
    giveBack(stream, atLeast: streams[stream]?.receive.half ?? 0)
  }

  /// Says that no new streams are taken; those that are open run on.
  ///
  /// - Parameter text: the reason for a person.
  public mutating func goAway(_ text: String) {
    guard !isFailed, lastTaken == nil else { return }
    lastTaken = lastStream
    let error = WireError(.draining, text)
    line.outbox.append(
      .goAway(lastStream: lastStream, error.detail.status, text: error.description)
    )
  }

  /// Tells how much of the output is still unread, so far as the owner knows.
  ///
  /// - Parameter unread: bytes that were taken from here and have not reached the socket yet.
  /// - Returns: what the owner must know.
  public mutating func outputPressure(_ unread: Int) -> [Event] {
    // Whoever was held back, or only asked what is sendable, saw this backlog: it shrinks nowhere else.
    let wasOver = line.outbox.backlog >= line.limits.outputBytesMax
    line.outbox.keep(unread: unread)
    return wasOver && line.outbox.backlog < line.limits.outputBytesMax ? [.creditArrived(0)] : []
  }

  /// The stream, if the owner may send messages on it.
  private func talking(_ stream: StreamID) -> Stream? {
    guard !isFailed, let found = streams[stream] else { return nil }
    return found.state == .open || found.state == .halfClosed ? found : nil
  }

  private mutating func giveBack(_ stream: StreamID, atLeast: Int) {
    let bytes = streams[stream]?.receive.giveBack(atLeast: atLeast) ?? 0
    guard bytes > 0, !isFailed else { return }
    streams[stream]?.traffic.bytesOut += line.outbox.append(.credit(stream, bytes: bytes))
  }

  /// Gives the streams' credit back, however little it is.
  mutating func giveBackGathered() {
    for stream in streams.keys.sorted() where streams[stream]?.state == .open {
      giveBack(stream, atLeast: 1)
    }
  }

  /// Traps if the conversation's own books do not balance; for tests.
  public func checkInvariants() {
    line.receive.checkInvariants()
    line.outbox.checkInvariants()
    for (id, stream) in streams {
      precondition(1 ... lastStream ~= id, "stream \(id) above \(lastStream)")
      stream.receive.checkInvariants()
    }
    let held = streams.values.reduce(0) { $0 + $1.receive.held }
    precondition(held == line.receive.held, "\(held) held by streams, \(line.receive.held) in all")
    let open = streams.values.count { !$0.isRefused && $0.state != .ended }
    precondition(open == openCount, "\(open) streams open, \(openCount) counted")
    precondition(line.send.left <= int31Max, "window \(line.send.left)")
  }
}
