extension ClientConversation {
  /// Opens a stream.
  ///
  /// - Parameter open: the call.
  /// - Returns: the stream's number.
  /// - Throws: why the server would refuse it: `streams_max`, `draining`, `metadata_too_large`, `frame_too_large`,
  ///   `stream_id` when all numbers are used up; or why the connection failed.
  public mutating func open(_ open: Open) throws(WireError) -> StreamID {
    if let failure = line.failure { throw failure }
    guard !isGoingAway else { throw WireError(.draining, "the server is going away") }
    guard openCount < peerLimits.streamsMax else {
      throw WireError(.streamsMax, "\(openCount) streams are open")
    }
    guard lastStream < int31Max else { throw WireError(.streamID, "all stream ids are used up") }
    let entries = open.metadata.entries
    guard entries.count <= peerLimits.metadataCountMax,
      Value.map(entries).encoded.count <= peerLimits.metadataBytesMax
    else { throw WireError(.metadataTooLarge, "the metadata is over the server's limits") }
    let frame = Frame.open(lastStream + 1, OpenFrame(open))
    guard frame.encoded.count - 4 <= peerLimits.frameBytesMax else {
      throw WireError(.frameTooLarge, "the call is over \(peerLimits.frameBytesMax) bytes")
    }
    lastStream += 1
    line.outbox.append(frame)
    streams[lastStream] = Stream(
      send: SendWindow(left: peerLimits.streamCredit),
      receive: ReceiveWindow(size: line.limits.streamCredit)
    )
    return lastStream
  }

  /// Bytes of DATA that both windows allow on a stream now; 0 if it takes none.
  ///
  /// - Parameter stream: any stream.
  /// - Returns: the most that the N of a message may be.
  public func sendable(_ stream: StreamID) -> Int {
    guard !isFailed, let found = streams[stream], found.state == .open,
      line.outbox.backlog < line.limits.outputBytesMax
    else { return 0 }
    return max(0, min(found.send.left, line.send.left))
  }

  /// Sends one message if credit covers it; otherwise nothing happens.
  ///
  /// - Parameters:
  ///   - message: the message.
  ///   - stream: the stream.
  /// - Returns: what became of it.
  public mutating func send(_ message: Value, on stream: StreamID) -> Sent {
    guard !isFailed, var window = streams[stream]?.send, streams[stream]?.state == .open
    else { return .closed }
    let sent = sendData(message, on: stream, window: &window, line: &line)
    streams[stream]?.send = window
    return sent
  }

  /// Says that all messages of a stream are sent; does nothing on a stream that takes none.
  ///
  /// - Parameter stream: any stream.
  public mutating func halfClose(_ stream: StreamID) {
    guard !isFailed, streams[stream]?.state == .open else { return }
    streams[stream]?.state = .halfClosed
    line.outbox.append(.halfClose(stream))
  }

  /// Gives a call up.
  ///
  /// Its END and BILL still come; its messages no longer do, and those not consumed are given back.
  /// Does nothing on a stream that has ended.
  ///
  /// - Parameter stream: any stream.
  public mutating func cancel(_ stream: StreamID) {
    guard !isFailed, let state = streams[stream]?.state, state == .open || state == .halfClosed
    else { return }
    close(stream, as: .cancelled)
    line.outbox.append(.cancel(stream))
  }

  /// Tells that messages were used, so that the server may send more.
  ///
  /// For streams that have ended it does nothing: their
  /// END has given everything back.
  ///
  /// - Parameters:
  ///   - bytes: as many as the `message` events said, or some of them.
  ///   - stream: the stream they came on.
  /// - Precondition: no more is consumed than has come.
  public mutating func consumed(_ bytes: Int, on stream: StreamID) {
    guard let state = streams[stream]?.state, state == .open || state == .halfClosed else { return }
    streams[stream]?.receive.consume(bytes)
    line.consume(bytes)
    giveBack(stream, atLeast: streams[stream]?.receive.half ?? 0)
  }

  /// Asks the server for a sign of life; `pong` answers.
  ///
  /// - Parameter token: comes back in the answer.
  public mutating func ping(token: UInt64) {
    guard !isFailed else { return }
    line.outbox.append(.ping(ack: false, token: token))
  }

  /// Says that no more streams will be opened.
  ///
  /// - Parameter text: the reason for a person.
  public mutating func goAway(_ text: String) {
    guard !isFailed else { return }
    isGoingAway = true
    line.outbox.append(.goAway(lastStream: 0, .ok, text: clipped(text, bytesMax: textBytesMax)))
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

  mutating func giveBack(_ stream: StreamID, atLeast: Int) {
    let bytes = streams[stream]?.receive.giveBack(atLeast: atLeast) ?? 0
    if bytes > 0, !isFailed { line.outbox.append(.credit(stream, bytes: bytes)) }
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
    precondition(line.send.left <= int31Max, "window \(line.send.left)")
  }
}
