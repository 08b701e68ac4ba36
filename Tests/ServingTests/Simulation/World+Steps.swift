import Inference
import Support

@testable import Serving
@testable import Wire

// What can happen, and how often.

extension World {
  /// One thing happens, on either thread.
  func step() {
    var roll = random.number(0 ... conditions.weights.reduce(0, +) - 1)
    for (kind, weight) in conditions.weights.enumerated() {
      if roll < weight { return happen(kind) }
      roll -= weight
    }
  }

  /// One thing happens on the loop's thread, or outside.
  func stepOfLoop() {
    switch random.number(0 ... 9) {
    case 0 ... 3: happen(isSettling ? 2 : 1)
    case 4 ... 7: happen(2)
    case 8: happen(5)
    default: happen(4)
    }
  }

  private func happen(_ kind: Int) {
    switch kind {
    case 0: connect()
    case 1: if let client = anyone() { act(client) }
    case 2: moveNetwork()
    case 3: turnEngine()
    case 4: deliverReports()
    case 5: passTime()
    default: trouble()
    }
  }

  private func anyone() -> VirtualClient? {
    let here = clients.filter { !$0.isGone }
    return here.isEmpty ? nil : random.pick(here)
  }

  func connect() {
    guard clients.count < 12, !isDraining || random.chance(5) else { return }
    let number = clients.count
    let link = Link(number, calendar: calendar, capacity: random.pick([50, 700, 65_536]))
    let tenant = random.pick(["a", "a", "b"])
    note("connect", number, 0)
    peers.append(exchange.accept(link, tenant: tenant))
    lastStreams.append(0)
    clients.append(VirtualClient(number, link, tenant: tenant, now: clock.now, &random))
  }

  private func act(_ client: VirtualClient) {
    let calls = client.openCalls
    let roll = random.number(0 ... 99)
    note("act", client.number, roll)
    if calls.isEmpty || roll < 22 { return client.open(plan(for: client), now: clock.now) }
    let call = random.pick(calls)
    switch roll {
    case ..<55: client.sendNext(of: call)
    case ..<72: client.halfClose(call)
    case ..<90: client.consume(random.number(0 ... max(0, call.held)), of: call)
    case ..<95: client.cancel(call)
    case ..<97: if client.isGreeted { client.ping(7) }
    case 97: if random.chance(20) { misbehave(client, call) }
    default: if random.chance(30) { client.leave() }
    }
  }

  private func plan(for client: VirtualClient) -> Plan {
    var plan = Plan.random(conditions, &random)
    if random.chance(12) { plan.open.deadline = .milliseconds(random.pick([0, 5, 100, 5000])) }
    if random.chance(10) { plan.open.metadata["trace"] = "simulated" }
    let ended = client.calls.filter { $0.plan.open.call != nil }
    if !ended.isEmpty, random.chance(10) {
      let id = random.pick(ended).plan.open.call
      if random.chance(60) {
        plan = Plan(Open("Usage.Bill", ["call": .binary(id?.bytes ?? [])]))
        plan.mistakes = ["unknown_call"]
      } else {
        plan.open.call = id
        plan.isReused = true
      }
    } else if random.chance(60) {
      plan.open.call = CallID(using: &random)
    }
    return plan
  }

  private func moveNetwork() {
    let moving = clients.filter { $0.link.upCount > 0 || $0.link.downCount > 0 || $0.link.hasEnd }
    guard !moving.isEmpty else { return }
    let client = random.pick(moving)
    let share = random.pick([1, 3, 40, 4096, 4096])
    if client.link.upCount > 0, random.chance(50) {
      moveUp(client, random.number(1 ... share))
    } else if client.link.downCount > 0 {
      moveDown(client, random.number(1 ... share))
    } else if client.link.hasEnd {
      note("end", client.number, 0)
      client.link.arriveEnd()
    }
  }

  func moveUp(_ client: VirtualClient, _ count: Int) {
    let bytes = client.link.arriveUp(count)
    note("up", client.number, bytes.count)
    trace.note(bytes: bytes)
  }

  func moveDown(_ client: VirtualClient, _ count: Int) {
    let bytes = client.link.arriveDown(count)
    note("down", client.number, bytes.count)
    trace.note(bytes: bytes)
    client.receive(bytes, now: clock.now)
    if client.link.isAtEnd { client.seeEnd() }
  }

  private func passTime() {
    let longest = random.pick([1, 20, 300, 300, 1500])
    pass(.microseconds(random.number(0 ... longest * 1000)))
  }

  func pass(_ time: Duration) {
    if !isSettling { note("time", 0, Int(time / .microseconds(1))) }
    calendar.pass(until: clock.now + time)
    for client in clients {
      client.tick(now: clock.now)
      if client.link.isAtEnd { client.seeEnd() }
    }
  }

  private func trouble() {
    guard let client = anyone() else { return }
    let roll = random.number(0 ... 9)
    note("trouble", client.number, roll)
    switch roll {
    case 0:
      client.vanish()
      client.link.kill()
    case 1: client.link.isHalfOpen = random.chance(50)
    case 2 ... 5: client.link.isDownStalled.toggle()
    default: client.link.isUpStalled.toggle()
    }
  }

  private func misbehave(_ client: VirtualClient, _ call: VirtualClient.Call) {
    let flood = (0 ..< 30).flatMap { Frame.ping(ack: false, token: UInt64($0)).encoded }
    let big = Value.binary([UInt8](repeating: 7, count: 4000))
    client.misbehave(
      random.pick([
        [0, 0, 0, 3, 0x92, 42, 0], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 1, 0xC1],
        Frame.data(99_999, "x").encoded, Frame.credit(0, bytes: 0).encoded,
        Frame.credit(call.stream, bytes: 0x7FFF_FFFF).encoded, flood,
        Frame.data(call.stream, big).encoded, Frame.end(call.stream, End(.ok)).encoded,
        Frame.halfClose(call.stream).encoded + Frame.data(call.stream, "late").encoded,
        Frame.open(1, OpenFrame(Open("Generate"))).encoded,
      ])
    )
  }
}
