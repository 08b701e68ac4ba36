import Wire

/// A server's conversation whose owner keeps its contract and nothing more.
///
/// Every OPEN must get one END and then one BILL, whatever comes.
struct ServerRun {
  /// What is owed to a stream.
  private enum Debt {
    case end(Detail)
    case bill
    case nothing
  }

  private var wire: ArraySlice<UInt8>
  private var decisions: Decisions
  private var conversation: Conversation
  private var now: Duration = .zero
  private var debts: [StreamID: Debt] = [:]
  private var held: [StreamID: Int] = [:]
  private var written: [StreamID: (ends: Int, bills: Int)] = [:]
  private var output = OutputReader()
  private var unread = 0

  init(_ wire: ArraySlice<UInt8>, _ decisions: Decisions, _ limits: Limits) {
    self.wire = wire
    self.decisions = decisions
    conversation = Conversation(software: "fuzz", limits: limits, now: now)
  }

  mutating func finish() {
    while !decisions.isEmpty {
      step(decisions.next())
      conversation.checkInvariants()
    }
    receive(wire.count)
    for stream in conversation.openStreams { end(stream) }
    for stream in debts.keys.sorted() { bill(stream) }
    takeOutput()
    conversation.checkInvariants()
    precondition(conversation.isQuiet, "a stream is left after the last bill")
    for (stream, _) in debts {
      let count = written[stream] ?? (0, 0)
      precondition(count == (1, 1), "stream \(stream) has \(count) ENDs and BILLs")
    }
    precondition(written.count == debts.count, "an END for a stream that never was")
  }

  private mutating func step(_ decision: Int) {
    let size = decision >> 4
    switch decision & 15 {
    case 0 ... 4: receive(cuts[size])
    case 5: pass(.milliseconds(pauses[min(size, pauses.count - 1)]))
    case 6: send(size)
    case 7: decisions.pick(conversation.openStreams).map { end($0) }
    case 8: decisions.pick(debts.keys.sorted()).map { bill($0) }
    case 9: consume(size)
    case 10: takeOutput()
    case 11: note(conversation.outputPressure(unread))
    case 12 where size == 0: conversation.goAway("enough")
    case 13 where size == 0:
      conversation.fail(.connectionsMax, "too many")
    case 14:
      unread = unread * size / 16
      note(conversation.outputPressure(unread))
    case 15: if let due = conversation.nextTick { pass(max(.zero, due - now)) }
    default: payDebts()
    }
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

  private mutating func end(_ stream: StreamID) {
    guard case .end(let detail)? = debts[stream] else {
      fatalError("stream \(stream) is open, and no event said so")
    }
    let metadata = detail == .ok ? Metadata(["finish": "stop"]) : Metadata()
    let traffic = conversation.end(stream, End(detail, text: "text", metadata: metadata))
    precondition(traffic.bytesIn > 0 && traffic.bytesOut > 0, "\(traffic)")
    debts[stream] = .bill
    held[stream] = 0
  }

  private mutating func bill(_ stream: StreamID) {
    guard case .bill? = debts[stream] else { return }
    conversation.bill(stream, Bill(call: CallID([UInt8](repeating: 1, count: 16)) ?? CallID()))
    debts[stream] = .nothing
  }

  /// What a diligent owner does: ends what must end, and bills it.
  private mutating func payDebts() {
    for (stream, debt) in debts.sorted(by: { $0.key < $1.key }) {
      if case .end(let detail) = debt, detail != .ok { end(stream) }
      bill(stream)
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
      let stream = frame.stream
      let count = written[stream] ?? (0, 0)
      switch frame {
      case .end:
        precondition(count == (0, 0), "a second END of \(stream)")
        written[stream] = (1, 0)
      case .bill:
        precondition(count == (1, 0), "BILL of \(stream) after \(count)")
        written[stream] = (1, 1)
      case .data, .credit: precondition(count == (0, 0), "\(frame) after the END of \(stream)")
      case .hello, .ping, .goAway: break
      case .open, .halfClose, .cancel: fatalError("a server wrote \(frame)")
      }
    }
  }

  private mutating func note(_ events: [Conversation.Event]) {
    for event in events {
      switch event {
      case .opened(let stream, _):
        precondition(debts.updateValue(.end(.ok), forKey: stream) == nil, "opened twice")
      case .refused(let stream, _, let detail, _):
        precondition(debts.updateValue(.end(detail), forKey: stream) == nil, "opened twice")
      case .violated(let stream, let detail, _): debts[stream] = .end(detail)
      case .cancelled(let stream): debts[stream] = .end(.cancelled)
      case .message(let stream, _, let bytes): held[stream, default: 0] += bytes
      case .failed(let detail, _):
        precondition(conversation.isFailed, "failed, and yet not")
        for stream in conversation.openStreams { debts[stream] = .end(detail) }
      case .greeted, .halfClosed, .creditArrived, .peerGoingAway: break
      }
    }
  }
}
