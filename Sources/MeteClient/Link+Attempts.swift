import Loop
import Wire

/// Where a call runs.
struct Place {
  let peer: Peer
  let stream: StreamID
}

extension Link {
  /// Makes the next attempt of a call: on the connection there is when it takes one more, or on the one to come.
  func attempt(_ key: CallKey) {
    guard let call = calls[key], call.outcome == nil else { return }
    // Those who wait already go first.
    if let current, current.isGreeted, current.hasRoom, waiting.isEmpty {
      calls[key]?.attempts.begin()
      return place(key, on: current)
    }
    if current == nil, let trouble, let expiry = call.expiry, expiry <= dialAt {
      // The next connection would come too late, so there is nothing to wait for.
      return settle(key, .failure(trouble))
    }
    calls[key]?.attempts.begin()
    waiting.insert(key)
    if let expiry = call.expiry {
      let error = MeteError(
        .deadlineExceeded,
        detail: Detail.deadline.rawValue,
        text: current?.isGreeted == true
          ? "no stream became free within the deadline"
          : "no connection within the deadline" + (trouble.map { ": \($0.text)" } ?? "")
      )
      expect(key, within: expiry - loop.now) { $0.settle(key, .failure(error)) }
    }
    dial()
  }

  /// Opens a call's stream; what is left of its deadline goes with it.
  func place(_ key: CallKey, on peer: Peer) {
    guard let call = calls[key] else { return }
    var open = call.open
    let left = call.expiry.map { max(.zero, $0 - loop.now) }
    // The first attempt says what the program said, to the millisecond.
    if call.timer != nil { open.deadline = left }
    calls[key]?.timer?.close()
    calls[key]?.timer = nil
    do throws(WireError) {
      let stream = try peer.conversation.open(open)
      calls[key]?.place = Place(peer: peer, stream: stream)
      peer.keys[stream] = key
    } catch {
      return fail(key, .refusedHere(error.detail), MeteError(error))
    }
    if let left, let deadline = call.open.deadline {
      let error = MeteError(
        .deadlineExceeded,
        detail: Detail.deadline.rawValue,
        text: "the server was silent past the deadline of \(deadline)"
      )
      expect(key, within: left + settings.deadlineGrace) { $0.giveUp(key, blame: error) }
    }
    sendUnsent(of: key)
  }

  /// An attempt has failed: another follows where that is safe, or the call has ended.
  func fail(_ key: CallKey, _ failure: Attempts.Failure, _ error: MeteError) {
    guard let call = calls[key], call.outcome == nil else { return }
    guard !isClosing, call.attempts.mayFollow(failure) else {
      return settle(key, .failure(error))
    }
    if failure == .noConnection {
      // Connecting has a wait of its own, for all calls together.
      return attempt(key)
    }
    let wait = backoff.wait(after: call.attempts.made)
    if let expiry = call.expiry, expiry <= loop.now + wait {
      return settle(key, .failure(error))
    }
    detach(call.place)
    calls[key]?.startOver()
    expect(key, within: wait) { $0.attempt(key) }
  }

  /// Forgets which call a stream belonged to; whatever still comes on it is dropped.
  func detach(_ place: Place?) {
    guard let place else { return }
    place.peer.keys[place.stream] = nil
    place.peer.leaveWhenDone()
  }

  /// Writes the outcome of a call down and tells all who wait.
  func settle(_ key: CallKey, _ outcome: Result<Settled, MeteError>) {
    guard let call = calls[key] else { return }
    waiting.remove(key)
    calls[key]?.settle(outcome.mapError { $0.with(attempts: call.attempts.made) })
    if call.isForgotten { calls[key] = nil }
    detach(call.place)
  }

  /// Starts a call's timer anew: something is due within a time.
  func expect(
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
