import Loop
import Wire

extension Link {
  /// Does what a task has asked for one of its calls.
  func takeForCall(_ command: Command) {
    switch command {
    case .open(let key, let open, let most): begin(key, open, attemptsMax: most)
    case .send(let key, let message, let reply): send(message, on: key, reply)
    case .halfClose(let key):
      calls[key]?.isHalfClosed = true
      sendUnsent(of: key)
    case .cancel(let key):
      giveUp(key, blame: nil)
    case .read(let key, let consumed, let reply): read(key, consumed, reply)
    case .stopReading(let key):
      calls[key]?.reading = .stopped
      drain(key)
    case .result(let key, let reply): result(of: key, reply)
    case .forget(let key): forget(key)
    case .connect, .ping, .close: preconditionFailure("\(command) concerns no call")
    }
  }

  // MARK: Orders

  private func begin(_ key: CallKey, _ open: Open, attemptsMax: Int) {
    calls[key] = CallState(open, attemptsMax: attemptsMax, now: loop.now)
    if isClosing { return settle(key, .failure(closedError)) }
    attempt(key)
  }

  private func send(_ message: Value, on key: CallKey, _ reply: Reply<Void>) {
    guard let call = calls[key], call.outcome == nil, !call.isHalfClosed else {
      return reply.fail(calls[key]?.sendRefusal ?? closedError)
    }
    calls[key]?.unsent.append((message, reply))
    if call.unsent.isEmpty { sendUnsent(of: key) }
  }

  /// Sends what waited for credit; 0 means on every stream of the connection.
  func sendUnsent(_ stream: StreamID, on peer: Peer) {
    let some = stream == 0 ? peer.keys.keys.sorted() : [stream]
    for stream in some {
      if let key = peer.keys[stream] { sendUnsent(of: key) }
    }
  }

  func sendUnsent(of key: CallKey) {
    guard let call = calls[key], let place = call.place, call.outcome == nil else { return }
    var gone = 0
    var refusal: MeteError?
    sending: for (message, reply) in call.unsent {
      switch place.peer.conversation.send(message, on: place.stream) {
      case .sent:
        calls[key]?.keep(message)
        reply?.succeed(())
      case .blocked where !fits(message, on: place.peer), .tooLarge:
        let error = MeteError(
          .resourceExhausted,
          detail: Detail.frameTooLarge.rawValue,
          text: "the message is longer than the server's frames or windows"
        )
        guard let reply else {
          // An earlier server took it; without it this would be another call.
          refusal = error
          break sending
        }
        reply.fail(error)
      // Credit comes later; or the call has ended, and its bill settles what is unsent.
      case .blocked, .closed: break sending
      }
      gone += 1
    }
    calls[key]?.unsent.removeFirst(gone)
    if let refusal { return giveUp(key, blame: refusal) }
    if call.isHalfClosed, gone == call.unsent.count {
      place.peer.conversation.halfClose(place.stream)
    }
  }

  /// Whether credit can ever cover a message: a server need not widen a window beyond its first size.
  private func fits(_ message: Value, on peer: Peer) -> Bool {
    let limits = peer.conversation.peerLimits
    // An array of three: its head, the kind, and a stream id of up to five bytes go before the message.
    return message.encoded.count + 7 <= min(limits.streamCredit, limits.connectionCredit)
  }

  private func read(_ key: CallKey, _ consumed: Int, _ reply: Reply<Batch?>) {
    guard let call = calls[key] else { return reply.succeed(nil) }
    precondition(call.reader == nil, "two tasks read the messages of one call at the same time")
    if consumed > 0, let place = call.place {
      place.peer.conversation.consumed(consumed, on: place.stream)
    }
    if call.reading == .notBegun { calls[key]?.reading = .reading }
    calls[key]?.reader = reply
    calls[key]?.serveReader()
  }

  private func result(of key: CallKey, _ reply: Reply<Settled>) {
    guard let call = calls[key] else { return }
    if let outcome = call.outcome { return reply.continuation.resume(returning: outcome) }
    calls[key]?.waiting.append(reply)
    if call.reading == .notBegun { calls[key]?.reading = .stopped }
    drain(key)
  }

  private func forget(_ key: CallKey) {
    guard calls[key]?.outcome == nil else { return calls[key] = nil }
    calls[key]?.isForgotten = true
    giveUp(key, blame: nil)
  }

  /// Gives back what nobody will read, so that the server can come to the end.
  private func drain(_ key: CallKey) {
    guard calls[key]?.reading == .stopped, let place = calls[key]?.place else { return }
    let bytes = calls[key]?.dropArrived() ?? 0
    if bytes > 0 { place.peer.conversation.consumed(bytes, on: place.stream) }
  }

  /// Sends CANCEL and waits a bounded time for END and BILL; a call that runs nowhere ends at once.
  func giveUp(_ key: CallKey, blame: MeteError?) {
    guard let call = calls[key], call.outcome == nil else { return }
    calls[key]?.makeFinal()
    guard let place = call.place else {
      return settle(key, .failure(blame ?? .cancelled("cancelled before an attempt could begin")))
    }
    // The conversation gives the credit of these back itself.
    _ = calls[key]?.dropArrived()
    place.peer.conversation.cancel(place.stream)
    place.peer.flush()
    // After END the bill is already being awaited.
    guard calls[key]?.end == nil else { return }
    if call.blame == nil { calls[key]?.blame = blame }
    let error =
      calls[key]?.blame ?? .cancelled("cancelled; the server was silent")
    expect(key, within: settings.billTime) { $0.settle(key, .failure(error)) }
  }

  // MARK: What the server says

  func takeForStream(_ event: ClientConversation.Event, from peer: Peer) {
    switch event {
    case .message(let stream, let message, let bytes):
      guard let key = peer.keys[stream] else {
        return peer.conversation.consumed(bytes, on: stream)
      }
      calls[key]?.makeFinal()
      calls[key]?.arrived.append((message, bytes))
      calls[key]?.serveReader()
      drain(key)
    case .ended(let stream, let end):
      guard let key = peer.keys[stream] else { return }
      calls[key]?.end = end
      let error =
        end.status == .ok
        ? MeteError(
          .unavailable,
          detail: MeteError.Local.billMissing,
          text: "the bill did not come"
        )
        : MeteError(end, bill: nil)
      expect(key, within: settings.billTime) { $0.settle(key, .failure(error)) }
    case .billed(let stream, let bill):
      guard let key = peer.keys[stream], let end = calls[key]?.end else { return }
      guard end.status != .ok else {
        return settle(key, .success(Settled(end: end, bill: bill)))
      }
      let blame = end.status == .cancelled ? calls[key]?.blame : nil
      let error = blame?.with(bill) ?? MeteError(end, bill: bill)
      fail(key, .ended(end.knownDetail, macsTotal: bill.macsTotal), error)
    default: break
    }
  }
}
