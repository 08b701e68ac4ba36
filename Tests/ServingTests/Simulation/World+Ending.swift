@testable import Inference
import Loop
@testable import Serving
@testable import Wire

// How a world ends: what is owed arrives, the daemon drains, and nothing is left.

extension World {
  /// Trouble ends, clients finish what they began, and everything is closed and judged.
  func settle() {
    note("settle", 0, 0)
    isSettling = true
    heal()
    finishCalls()
    guard complaints.isEmpty else { return }
    judgeAnswers()
    checkCredit()
    closeAll()
    guard complaints.isEmpty else { return }
    judgeBooks()
  }

  private func heal() {
    for client in clients {
      if client.link.isHalfOpen {
        client.vanish()
        client.link.kill()
      }
      client.link.isUpStalled = false
      client.link.isDownStalled = false
      // No credit of its may ever be enough for a message.
      if client.isTiny || client.isHostile {
        for call in client.openCalls { client.cancel(call) }
      }
    }
  }

  /// Goes on until every client that is here has every bill, as long as something moves.
  private func finishCalls() {
    var idle = Duration.zero
    while clients.contains(where: { !$0.openCalls.isEmpty }), complaints.isEmpty {
      if moveEverything() { continue }
      // Longer than any stall, and than gathered credit may wait.
      guard idle < .seconds(40) else {
        let waiting = clients.flatMap { client in
          client.openCalls.map { state(of: $0, client) }
        }
        return complain("nothing moves, and these wait: \(waiting.joined(separator: ", "))")
      }
      idle += .milliseconds(250)
      pass(.milliseconds(250))
      check()
    }
  }

  /// Where a call that waits stands, on both sides.
  private func state(of call: VirtualClient.Call, _ client: VirtualClient) -> String {
    let peer = peers[client.number]
    let (mine, theirs) = (client.conversation, peer.conversation)
    let served = peer.calls[call.stream]
    return "client \(client.number) \(call.plan.open.method) \(call.stream): \(call.next) of "
      + "\(call.plan.pieces.count) sent, half-closed \(call.isHalfClosed), end \(call.end != nil), "
      + "may send \(mine.line.send.left) and \(mine.streams[call.stream]?.send.left ?? -1), gets "
      + "\(theirs.line.send.left) and \(theirs.streams[call.stream]?.send.left ?? -1), "
      + "\(served?.pending.count ?? -1) pending, "
      + "backlog \(theirs.line.outbox.backlog), queued \(client.link.queuedBytes)"
  }

  /// Everything that can happen without time does; true if anything did.
  @discardableResult
  private func moveEverything() -> Bool {
    var moved = false
    for client in clients where !client.isGone {
      for call in client.openCalls {
        while client.sendNext(of: call) { moved = true }
        if call.next == call.plan.pieces.count, !call.isHalfClosed {
          client.halfClose(call)
          moved = true
        }
        if call.held > 0 { client.consume(call.held, of: call) }
      }
    }
    for client in clients {
      while client.link.upCount > 0 {
        moveUp(client, random.pick([7, 500, 4096]))
        moved = true
      }
      while client.link.downCount > 0 {
        moveDown(client, random.pick([7, 500, 4096]))
        moved = true
      }
      if client.link.hasEnd {
        client.link.arriveEnd()
        moved = true
      }
    }
    if desk.hasWork {
      turnEngine()
      moved = true
    }
    if !desk.reports.isEmpty {
      deliverReports()
      moved = true
    }
    check()
    return moved
  }

  /// After the last call all windows are whole again, on both sides.
  private func checkCredit() {
    for _ in 0 ..< 4 {
      while moveEverything() {}
      pass(.milliseconds(600))
    }
    while moveEverything() {}
    for (index, client) in clients.enumerated()
    where !client.isGone && !client.isHostile && client.isGreeted {
      let (mine, theirs) = (client.conversation.line, peers[index].conversation.line)
      if mine.send.left != theirs.limits.connectionCredit {
        complain("client \(index) may send \(mine.send.left) of \(theirs.limits.connectionCredit)")
      }
      if theirs.send.left != mine.limits.connectionCredit {
        complain("the server may send \(theirs.send.left) of \(mine.limits.connectionCredit)")
      }
    }
  }

  private func closeAll() {
    for client in clients where random.chance(50) { client.leave() }
    drain()
    for client in clients where random.chance(20) { client.leave() }
    var rounds = 0
    while !isDrained || desk.hasWork, complaints.isEmpty {
      rounds += 1
      guard rounds < 500 else { return complain("the drain does not end") }
      if !moveEverything() { pass(.milliseconds(250)) }
    }
    // Whatever is still set rings into the void.
    pass(.seconds(3600))
    while moveEverything() {}
  }

  private func judgeBooks() {
    let engine = desk.engine
    if engine.counters != engine.billed { complain("the engine's counters are not its bills") }
    // What is kept for the next prompt is held by nobody.
    var idle = Load(pages: engine.load.pages)
    idle.pagesCached = engine.load.pagesCached
    if engine.load != idle { complain("the engine holds \(engine.load)") }
    let ledger = exchange.ledger
    if ledger.total != Ledger.Total(engine.counters) {
      complain("billed \(ledger.total), counted \(Ledger.Total(engine.counters))")
    }
    let opened = lastStreams.reduce(0, +)
    if ledger.billsCount != opened { complain("\(ledger.billsCount) bills for \(opened) streams") }
    if ledger.runningCount + exchange.calls.count > 0 { complain("calls are open after the drain") }
    if calendar.openCount > 0 { complain("\(calendar.openCount) timers are left") }
    let numbers = peers.filter { !$0.calls.isEmpty }.map(\.number)
    if !numbers.isEmpty { complain("peers \(numbers) hold calls") }
    note("bills", ledger.billsCount, Int(ledger.total.macs))
  }
}

extension Load {
  fileprivate init(pages: Int) {
    self.init()
    self.pages = pages
  }
}
