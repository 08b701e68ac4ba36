import Wire

/// A client's conversation whose owner opens, sends, cancels and consumes as the input says.
struct ClientRun {
  private var wire: ArraySlice<UInt8>
  private var decisions: Decisions
  private var conversation: ClientConversation
  private var now: Duration = .zero
  private var held: [StreamID: Int] = [:]
  private var ended: Set<StreamID> = []
  private var billed: Set<StreamID> = []
  private var output = OutputReader()
  private var unread = 0

  init(_ wire: ArraySlice<UInt8>, _ decisions: Decisions, _ limits: Limits) {
    self.wire = wire
    self.decisions = decisions
    conversation = ClientConversation(software: "fuzz", limits: limits, now: now)
    for _ in 0 ..< self.decisions.next() & 3 { open() }
  }

  mutating func finish() {
    while !decisions.isEmpty {
      step(decisions.next())
      conversation.checkInvariants()
    }
    receive(wire.count)
    takeOutput()
    conversation.checkInvariants()
    precondition(billed.isSubset(of: ended), "a bill without an END")
    precondition(billed.isDisjoint(with: conversation.openStreams), "open after its bill")
  }

  private mutating func step(_ decision: Int) {
    let size = decision >> 4
    switch decision & 15 {
    case 0 ... 4: receive(cuts[size])
    case 5: pass(.milliseconds(pauses[min(size, pauses.count - 1)]))
    case 6: send(size)
    case 7: open()
    case 8: decisions.pick(conversation.openStreams).map { conversation.halfClose($0) }
    case 9: consume(size)
    case 10: takeOutput()
    case 11:
      unread = unread * size / 16
      note(conversation.outputPressure(unread))
    case 12: decisions.pick(conversation.openStreams).map { cancel($0) }
    case 13: conversation.ping(token: UInt64(size))
    case 14 where size == 0: conversation.goAway("enough")
    default: if let due = conversation.nextTick { pass(max(.zero, due - now)) }
    }
  }

  private mutating func open() {
    var call = Open("Generate")
    call.metadata = Metadata(["key": "value"])
    do throws(WireError) {
      let stream = try conversation.open(call)
      precondition(held.updateValue(0, forKey: stream) == nil, "stream \(stream) twice")
    } catch {
      precondition(!error.text.isEmpty)
    }
  }

  private mutating func cancel(_ stream: StreamID) {
    conversation.cancel(stream)
    held[stream] = 0
  }

  private mutating func receive(_ count: Int) {
    let piece = Array(wire.prefix(count))
    wire = wire.dropFirst(count)
    note(conversation.receive(piece, now: now))
  }

  private mutating func pass(_ time: Duration) {
    now += time
    note(conversation.tick(now: now))
  }

  private mutating func send(_ size: Int) {
    guard let stream = decisions.pick(conversation.openStreams) else { return }
    let sendable = conversation.sendable(stream)
    switch conversation.send(message(size), on: stream) {
    case .sent(let bytes): precondition(bytes <= sendable, "sent \(bytes) of \(sendable)")
    case .closed: precondition(sendable == 0, "closed with \(sendable) sendable")
    case .blocked, .tooLarge: break
    }
  }

  private mutating func consume(_ size: Int) {
    guard let stream = decisions.pick(held.keys.sorted()) else { return }
    let bytes = (held[stream] ?? 0) * (size + 1) / 16
    held[stream]? -= bytes
    conversation.consumed(bytes, on: stream)
  }

  private mutating func takeOutput() {
    let bytes = conversation.takeOutput()
    unread += bytes.count
    for frame in output.frames(in: bytes) {
      switch frame {
      case .end, .bill: fatalError("a client wrote \(frame)")
      case .hello, .open, .data, .halfClose, .cancel, .credit, .ping, .goAway: break
      }
    }
  }

  private mutating func note(_ events: [ClientConversation.Event]) {
    for event in events {
      switch event {
      case .message(let stream, _, let bytes):
        precondition(!ended.contains(stream), "a message after the END of \(stream)")
        precondition(held[stream] != nil, "a message of a stream that was not opened")
        held[stream]? += bytes
      case .ended(let stream, _):
        precondition(ended.insert(stream).inserted, "a second END of \(stream)")
        held[stream] = 0
      case .billed(let stream, _):
        precondition(billed.insert(stream).inserted, "a second BILL of \(stream)")
      case .failed: precondition(conversation.isFailed, "failed, and yet not")
      case .greeted, .creditArrived, .pong, .goAway: break
      }
    }
  }
}
