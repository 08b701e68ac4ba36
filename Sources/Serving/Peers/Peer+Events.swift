import Inference
import Logging
import Loop
import Wire

// What the client said, and what becomes of it.

extension Peer {
  func act(on events: [Conversation.Event]) {
    // A client may send credit in crumbs: what it allows is looked at once per read.
    var credited: Set<StreamID> = []
    for event in events {
      if case .creditArrived(let stream) = event { credited.insert(stream) } else { act(on: event) }
    }
    guard !credited.isEmpty else { return }
    let isForAll = credited.contains(0)
    for call in callsInOrder
    where isForAll || credited.contains(call.stream) {
      pump(call)
    }
  }

  private func act(on event: Conversation.Event) {
    switch event {
    case .greeted(let hello):
      exchange.log.debug(
        "client greeted",
        metadata: [
          "peer": "\(description)", "software": "\(hello.software)", "tenant": "\(tenant)",
        ]
      )
    case .opened(let stream, let open): begin(stream, open)
    case .refused(let stream, let open, let detail, let text):
      refuse(enter(stream, open), WireError(detail, text))
    case .message(let stream, let message, let bytes):
      if let call = calls[stream] { take(message, bytes: bytes, for: call) }
    case .halfClosed(let stream):
      if let call = calls[stream] { closeInput(of: call) }
    case .cancelled(let stream):
      if let call = calls[stream] { interrupt(call, .cancelled, End(.cancelled)) }
    case .violated(let stream, let detail, let text):
      if let call = calls[stream] { violate(call, WireError(detail, text)) }
    case .creditArrived, .peerGoingAway: break
    case .failed(let detail, let text):
      exchange.log.info(
        "connection failed",
        metadata: ["peer": "\(description)", "detail": "\(detail.rawValue)", "text": "\(text)"]
      )
      for call in callsInOrder { violate(call, WireError(detail, text)) }
    }
  }

  private func enter(_ stream: StreamID, _ open: Open) -> Call {
    let call = Call(
      stream: stream,
      open: open,
      id: open.call ?? exchange.makeCallID(),
      tenant: tenant,
      opened: exchange.now,
      peer: self
    )
    calls[stream] = call
    call.method = Method(rawValue: open.method)
    return call
  }

  private func begin(_ stream: StreamID, _ open: Open) {
    let call = enter(stream, open)
    do throws(WireError) {
      guard let method = call.method else {
        throw WireError(
          .unknownMethod,
          "there is no method \"\(excerpt(open.method))\"; see Reflect.Describe"
        )
      }
      let parameters = try Parameters(open.params, of: method)
      if !method.needsEngine { try exchange.checkEdgeCall(call, parameters) }
      call.open.params = []
      if method.needsEngine {
        try exchange.claim(call)
        let model = try exchange.catalog.model(open.model, for: method)
        call.model = model.name
        call.tariff = model.tariff
        let task = try parameters.task(seed: exchange.makeSeed())
        try parameters.checkChoice(beside: open)
        if case .generate(let settings) = task, settings.sampling.temperature > 0 {
          call.seed = settings.sampling.seed
        }
        try exchange.submit(call, task: task)
      }
      watchDeadline(of: call)
    } catch {
      refuse(call, error)
    }
  }

  /// Ends a call at its deadline: the engine does so by itself once it looks at the clock; what it
  /// has finished already, or never saw, ends here.
  private func watchDeadline(of call: Call) {
    let deadline = exchange.timeLeft(for: call)
    call.timer = exchange.timekeeper.once(after: deadline) { [weak self, weak call] in
      guard let self, let call else { return }
      if call.sequence != nil, call.ending == nil {
        self.exchange.orders.post(.tick)
      } else if self.calls[call.stream] === call {
        self.interrupt(call, .cancelled, End(.deadline, text: "the deadline passed"))
        self.flush()
      }
    }
  }

  private func take(_ message: Value, bytes: Int, for call: Call) {
    if call.method == .reflectEcho, call.ending == nil, call.asked == nil {
      return echo(message, bytes: bytes, for: call)
    }
    guard let sequence = call.sequence, call.ending == nil, call.asked == nil else {
      conversation.consumed(bytes, on: call.stream)
      if call.method?.needsEngine == false {
        violate(call, WireError(.badMessage, "\(call.open.method) takes no messages"))
      }
      return
    }
    do throws(WireError) {
      exchange.order(.input(sequence, try Piece(message), weight: bytes))
    } catch {
      conversation.consumed(bytes, on: call.stream)
      violate(call, error)
    }
  }

  private func closeInput(of call: Call) {
    if let sequence = call.sequence {
      exchange.order(.endOfInput(sequence))
    } else if call.method == .reflectEcho, call.ending == nil {
      call.ending = (End(.ok), Inference.Bill())
      pump(call)
    } else if call.ending == nil {
      answerAtTheEdge(call)
    }
  }

  private func answerAtTheEdge(_ call: Call) {
    do throws(WireError) {
      call.pending = [try exchange.answer(call)]
      if call.method == .healthWatch {
        call.isWatching = true
      } else {
        call.ending = (End(.ok), Inference.Bill())
      }
      pump(call)
    } catch {
      refuse(call, error)
    }
  }

  /// Ends a call that never got to the engine.
  private func refuse(_ call: Call, _ error: WireError) {
    var end = End(error.detail, text: error.text)
    if let wait = call.retryAfter { end.say(retryAfter: wait) }
    call.ending = (end, Inference.Bill())
    finish(call)
  }

  private func violate(_ call: Call, _ error: WireError) {
    interrupt(call, .violated, End(error.detail, text: error.text))
  }
}
