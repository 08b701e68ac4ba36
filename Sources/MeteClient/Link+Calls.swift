import Loop
import Wire

extension Link {
  /// Does what a task has asked for one of its calls.
  func takeForCall(_ command: Command) {
    switch command {
    case .open(let key, let open): begin(key, open)
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

  private func begin(_ key: CallKey, _ open: Open) {
    calls[key] = CallState()
    if let loss { return settle(key, .failure(loss)) }
    do throws(WireError) {
      let stream = try conversation.open(open)
      calls[key]?.stream = stream
      keys[stream] = key
    } catch {
      return settle(key, .failure(MeteError(error)))
    }
    guard let deadline = open.deadline else { return }
    let error = MeteError(
      .deadlineExceeded,
      detail: Detail.deadline.rawValue,
      text: "the server was silent past the deadline of \(deadline)"
    )
    expect(key, within: deadline + settings.deadlineGrace) { $0.giveUp(key, blame: error) }
  }

  private func send(_ message: Value, on key: CallKey, _ reply: Reply<Void>) {
    guard let call = calls[key], call.outcome == nil, !call.isHalfClosed else {
      return reply.fail(calls[key]?.sendRefusal ?? CallState().sendRefusal)
    }
    calls[key]?.unsent.append((message, reply))
    if call.unsent.isEmpty { sendUnsent(of: key) }
  }

  /// Sends what waited for credit; 0 means on every stream.
  func sendUnsent(_ stream: StreamID) {
    let some = stream == 0 ? keys.keys.sorted() : [stream]
    for stream in some {
      if let key = keys[stream] { sendUnsent(of: key) }
    }
  }

  private func sendUnsent(of key: CallKey) {
    guard let stream = calls[key]?.stream, calls[key]?.outcome == nil else { return }
    while let (message, reply) = calls[key]?.unsent.first {
      switch conversation.send(message, on: stream) {
      case .sent: reply.succeed(())
      case .blocked where !fits(message), .tooLarge:
        reply.fail(
          MeteError(
            .resourceExhausted,
            detail: Detail.frameTooLarge.rawValue,
            text: "the message is longer than the server's frames or windows"
          )
        )
      // Credit comes later; or the call has ended, and its bill settles what is unsent.
      case .blocked, .closed: return
      }
      calls[key]?.unsent.removeFirst()
    }
    if calls[key]?.isHalfClosed == true { conversation.halfClose(stream) }
  }

  /// Whether credit can ever cover a message: a server need not widen a window beyond its first size.
  private func fits(_ message: Value) -> Bool {
    let limits = conversation.peerLimits
    // An array of three: its head, the kind, and a stream id of up to five bytes go before the message.
    return message.encoded.count + 7 <= min(limits.streamCredit, limits.connectionCredit)
  }

  private func read(_ key: CallKey, _ consumed: Int, _ reply: Reply<Batch?>) {
    guard let call = calls[key] else { return reply.succeed(nil) }
    precondition(call.reader == nil, "two tasks read the messages of one call at the same time")
    if consumed > 0, let stream = call.stream { conversation.consumed(consumed, on: stream) }
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
    guard calls[key]?.reading == .stopped, let stream = calls[key]?.stream else { return }
    let bytes = calls[key]?.dropArrived() ?? 0
    if bytes > 0 { conversation.consumed(bytes, on: stream) }
  }

  /// Sends CANCEL and waits a bounded time for END and BILL.
  func giveUp(_ key: CallKey, blame: MeteError?) {
    guard let call = calls[key], call.outcome == nil, let stream = call.stream else { return }
    // The conversation gives the credit of these back itself.
    _ = calls[key]?.dropArrived()
    conversation.cancel(stream)
    flush()
    // After END the bill is already being awaited.
    guard calls[key]?.end == nil else { return }
    if call.blame == nil { calls[key]?.blame = blame }
    let error =
      calls[key]?.blame
      ?? MeteError(
        .cancelled,
        detail: Detail.cancelled.rawValue,
        text: "cancelled; the server was silent"
      )
    expect(key, within: settings.billTime) { $0.settle(key, .failure(error)) }
  }

  // MARK: What the server says

  func takeForStream(_ event: ClientConversation.Event) {
    switch event {
    case .message(let stream, let message, let bytes):
      guard let key = keys[stream] else { return conversation.consumed(bytes, on: stream) }
      calls[key]?.arrived.append((message, bytes))
      calls[key]?.serveReader()
      drain(key)
    case .ended(let stream, let end):
      guard let key = keys[stream] else { return }
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
      guard let key = keys[stream], let end = calls[key]?.end else { return }
      let blame = end.status == .cancelled ? calls[key]?.blame : nil
      let isGood = end.status == .ok
      settle(
        key,
        isGood
          ? .success(Settled(end: end, bill: bill))
          : .failure(blame?.with(bill) ?? MeteError(end, bill: bill))
      )
    default: break
    }
  }

  /// Writes the outcome of a call down and tells all who wait.
  func settle(_ key: CallKey, _ outcome: Result<Settled, MeteError>) {
    guard let call = calls[key] else { return }
    if let stream = call.stream { keys[stream] = nil }
    calls[key]?.settle(outcome)
    if call.isForgotten { calls[key] = nil }
  }

  /// Starts a call's timer anew: something is due from the server.
  private func expect(
    _ key: CallKey,
    within time: Duration,
    otherwise action: @escaping (Link) -> Void
  ) {
    calls[key]?.timer?.close()
    calls[key]?.timer = Timer.once(on: loop, after: time) { [weak self] in
      guard let self else { return }
      action(self)
      flush()
    }
  }
}
