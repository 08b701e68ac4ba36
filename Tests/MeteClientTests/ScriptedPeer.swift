import Loop
import Synchronization
import Wire

/// One connection of the scripted server.
final class ScriptedPeer {
  let connection: Connection
  private unowned let house: ScriptedHouse
  private var conversation: Conversation
  private var scripts: [StreamID: Script] = [:]
  private lazy var ticker = Timer(on: house.loop) { [weak self] in self?.tick() }

  private struct Script {
    let open: Open
    var outgoing: [(message: Value, owed: Int)] = []
    var isFinishing = false
    var sent: UInt64 = 0
    var taken: UInt64 = 0
  }

  init(_ connection: Connection, in house: ScriptedHouse) {
    self.connection = connection
    self.house = house
    conversation = Conversation(
      software: "scripted",
      limits: house.limits,
      now: house.loop.now
    )
    connection.onBytes = { [unowned self] bytes in
      for event in conversation.receive(bytes, now: house.loop.now) { handle(event) }
      flush()
    }
    connection.onEnd = { _ in connection.finish(within: .seconds(1)) }
    connection.onDrained = { [unowned self] in flush() }
    flush()
  }

  func goAway() {
    conversation.goAway("draining")
    flush()
  }

  private func tick() {
    for event in conversation.tick(now: house.loop.now) { handle(event) }
    flush()
  }

  private func flush() {
    repeat {
      connection.write(conversation.takeOutput())
      for event in conversation.outputPressure(connection.queuedBytes) { handle(event) }
    } while conversation.hasOutput
    conversation.checkInvariants()
    if let due = conversation.nextTick, !connection.isClosed {
      ticker.start(after: due - house.loop.now)
    } else {
      ticker.stop()
    }
  }

  private func handle(_ event: Conversation.Event) {
    switch event {
    case .opened(let stream, let open): begin(stream, open)
    case .refused(let stream, let open, let detail, let text):
      count { $0.opens += 1 }
      scripts[stream] = Script(open: open)
      end(stream, End(detail, text: text))
    case .message(let stream, let message, let bytes): take(message, bytes, on: stream)
    case .halfClosed(let stream): halfClosed(stream)
    case .cancelled(let stream):
      guard let script = scripts[stream], script.open.method != "Deaf" else { return }
      house.server?.events.post(.cancelled(script.open.method))
      end(stream, End(.cancelled))
    case .violated(let stream, let detail, let text): end(stream, End(detail, text: text))
    case .creditArrived(let stream):
      for stream in stream == 0 ? scripts.keys.sorted() : [stream] { advance(stream) }
    case .failed:
      connection.write(conversation.takeOutput())
      connection.finish(within: .seconds(1))
    case .greeted, .peerGoingAway: break
    }
  }

  private func count(_ change: (inout ScriptedServer.Books) -> Void) {
    house.server?.books.withLock { change(&$0) }
  }

  private func begin(_ stream: StreamID, _ open: Open) {
    count { $0.opens += 1 }
    scripts[stream] = Script(open: open)
    count { $0.asked.append(open) }
    house.server?.events.post(.opened(open.method))
    if let step = house.server?.plan.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
      return follow(step, stream)
    }
    switch open.method {
    case "Count":
      let filler = Value.string(String(repeating: "x", count: open.params["bytes"]?.asInt ?? 0))
      let messages = open.params["count"]?.asInt ?? 0
      scripts[stream]?.outgoing = (0 ..< messages).map { ([Value($0), filler], 0) }
      scripts[stream]?.isFinishing = true
    case "Hang":
      guard open.params["enforced"]?.asBool == true, let deadline = open.deadline else { return }
      Timer.once(on: house.loop, after: deadline) { [weak self] in
        self?.end(stream, End(.deadline, text: "too late"))
        self?.flush()
      }
    case "Fail": end(stream, End(.badOption, text: "no such thing"))
    case "Early": end(stream, End(.ok))
    case "NoBill": conversation.end(stream, End(.ok))
    case "Options":
      scripts[stream]?.outgoing = [(.map(OpenFrame(open).options), 0)]
      scripts[stream]?.isFinishing = true
    case "Garbage": connection.write([0, 0, 0, 2, 0xc1, 0xc1])
    default: break
    }
    advance(stream)
  }

  private func follow(_ step: ScriptedServer.Step, _ stream: StreamID) {
    switch step {
    case .refuse(let detail, let macs, let message):
      if let message { _ = conversation.send(message, on: stream) }
      end(stream, End(detail), macs: macs)
      house.server?.events.post(.refused)
    case .leave:
      scripts[stream] = nil
      let text = "draining: now"
      connection.write(Frame.goAway(lastStream: stream - 1, .unavailable, text: text).encoded)
    case .cut: connection.close()
    }
  }

  private func take(_ message: Value, _ bytes: Int, on stream: StreamID) {
    guard let script = scripts[stream] else { return }
    scripts[stream]?.taken += 1
    switch script.open.method {
    case "Echo": scripts[stream]?.outgoing.append((message, bytes))
    case "Hang", "Deaf": break
    default:
      let answers = house.answers[script.open.method]?(message) ?? []
      // What the last answer leaves behind is what the message cost.
      for (index, answer) in answers.enumerated() {
        scripts[stream]?.outgoing.append((answer, index == answers.count - 1 ? bytes : 0))
      }
      if answers.isEmpty { conversation.consumed(bytes, on: stream) }
    }
    advance(stream)
  }

  private func halfClosed(_ stream: StreamID) {
    guard let script = scripts[stream] else { return }
    switch script.open.method {
    case "Hang", "Deaf": return
    default:
      for answer in house.answers[script.open.method]?(nil) ?? [] {
        scripts[stream]?.outgoing.append((answer, 0))
      }
      scripts[stream]?.isFinishing = true
      advance(stream)
    }
  }

  private func advance(_ stream: StreamID) {
    while let next = scripts[stream]?.outgoing.first {
      guard case .sent(let bytes) = conversation.send(next.message, on: stream) else { return }
      count {
        $0.messages += 1
        $0.dataBytes += bytes
      }
      scripts[stream]?.sent += 1
      scripts[stream]?.outgoing.removeFirst()
      if next.owed > 0 { conversation.consumed(next.owed, on: stream) }
    }
    guard scripts[stream]?.isFinishing == true else { return }
    let isGenerate = scripts[stream]?.open.method == "Generate"
    end(stream, End(.ok, metadata: isGenerate ? Metadata(["finish": "length"]) : Metadata()))
  }

  private func end(_ stream: StreamID, _ end: End, macs: UInt64 = 42) {
    guard let script = scripts.removeValue(forKey: stream), !conversation.isFailed else { return }
    let traffic = conversation.end(stream, end)
    var bill = Bill(call: script.open.call ?? CallID())
    bill.method = script.open.method
    bill.status = end.status
    bill.tokensIn = script.taken
    bill.tokensOut = script.sent
    bill.macsTotal = macs
    bill.bytesIn = UInt64(traffic.bytesIn)
    bill.bytesOut = UInt64(traffic.bytesOut)
    conversation.bill(stream, bill)
    count {
      $0.bills += 1
      if end.status == .ok { $0.answered.append(script.open.call) }
    }
  }
}
