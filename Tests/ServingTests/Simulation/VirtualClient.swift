import Support

@testable import Wire

/// A client of the simulation: the real conversation of a client, and what it knows of its calls.
final class VirtualClient {
  /// One call as the client sees it.
  final class Call {
    let stream: StreamID
    let plan: Plan
    let opened: Duration
    var next = 0
    var isHalfClosed = false
    var isCancelled = false
    var held = 0
    var messages: [Value] = []
    var end: End?
    var endedAt = Duration.zero
    var bill: Bill?

    init(_ stream: StreamID, _ plan: Plan, opened: Duration) {
      self.stream = stream
      self.plan = plan
      self.opened = opened
    }
  }

  let number: Int
  let tenant: String
  let link: Link
  /// Opens before the server's HELLO has come.
  let isEager: Bool
  /// Its windows may be too small for a message.
  let isTiny: Bool
  var conversation: ClientConversation
  private(set) var calls: [Call] = []
  private(set) var isGreeted = false
  private(set) var isGone = false
  private(set) var isSentAway = false
  private(set) var complaints: [String] = []
  private var places: [StreamID: Int] = [:]

  init(_ number: Int, _ link: Link, tenant: String, now: Duration, _ random: inout SplitMix64) {
    self.number = number
    self.link = link
    self.tenant = tenant
    isEager = random.chance(15)
    isTiny = random.chance(15)
    var limits = Limits()
    limits.streamCredit = isTiny ? random.number(0 ... 500) : random.number(7000 ... 70_000)
    limits.connectionCredit = isTiny ? random.number(100 ... 900) : random.number(7000 ... 90_000)
    conversation = ClientConversation(software: "virtual", limits: limits, now: now)
    flush()
  }

  /// Whether it broke the protocol.
  var isHostile: Bool { link.tap.isHostile }

  /// Calls that wait for their bills.
  var openCalls: [Call] { isGone ? [] : calls.filter { $0.bill == nil } }

  func open(_ plan: Plan, now: Duration) {
    guard !isGone, isGreeted || isEager, let stream = try? conversation.open(plan.open) else {
      return
    }
    places[stream] = calls.count
    calls.append(Call(stream, plan, opened: now))
    flush()
  }

  /// Sends the next message if credit allows; true if it went.
  @discardableResult
  func sendNext(of call: Call) -> Bool {
    guard !isGone, call.next < call.plan.pieces.count, !call.isHalfClosed else { return false }
    guard case .sent = conversation.send(call.plan.pieces[call.next], on: call.stream) else {
      return false
    }
    call.next += 1
    flush()
    return true
  }

  /// Half-closes once everything is sent.
  func halfClose(_ call: Call) {
    guard !isGone, call.next == call.plan.pieces.count, !call.isHalfClosed else { return }
    call.isHalfClosed = true
    conversation.halfClose(call.stream)
    flush()
  }

  func cancel(_ call: Call) {
    guard !isGone, call.end == nil else { return }
    call.isCancelled = true
    call.held = 0
    conversation.cancel(call.stream)
    flush()
  }

  func consume(_ bytes: Int, of call: Call) {
    guard !isGone else { return }
    call.held -= bytes
    conversation.consumed(bytes, on: call.stream)
    flush()
  }

  func ping(_ token: UInt64) {
    conversation.ping(token: token)
    flush()
  }

  /// Bytes that no client of ours would send.
  func misbehave(_ bytes: [UInt8]) {
    guard !isGone else { return }
    link.becomeHostile()
    link.clientWrites(bytes)
  }

  /// Says goodbye and closes.
  func leave() {
    guard !isGone else { return }
    conversation.goAway("done")
    flush()
    isGone = true
    link.clientCloses()
  }

  /// The connection is gone without a word from here.
  func vanish() { isGone = true }

  func tick(now: Duration) {
    guard !isGone, let due = conversation.nextTick, due <= now else { return }
    take(conversation.tick(now: now), now: now)
  }

  func receive(_ bytes: [UInt8], now: Duration) {
    guard !isGone, !bytes.isEmpty else { return }
    take(conversation.receive(bytes, now: now), now: now)
  }

  /// The server has closed.
  func seeEnd() {
    guard !isGone else { return }
    isGone = true
    isSentAway = true
    link.clientCloses()
  }

  func flush() {
    while conversation.hasOutput {
      link.clientWrites(conversation.takeOutput())
      _ = conversation.outputPressure(link.clientQueuedBytes)
    }
    _ = conversation.outputPressure(link.clientQueuedBytes)
    if conversation.hasOutput { link.clientWrites(conversation.takeOutput()) }
    conversation.checkInvariants()
  }

  private func take(_ events: [ClientConversation.Event], now: Duration) {
    for event in events {
      switch event {
      case .greeted: isGreeted = true
      case .message(let stream, let message, let bytes):
        guard let call = self[stream] else { continue }
        if call.end != nil { complain("a message after END on \(stream)") }
        call.messages.append(message)
        call.held += bytes
      case .ended(let stream, let end):
        self[stream]?.end = end
        self[stream]?.endedAt = now
        self[stream]?.held = 0
      case .billed(let stream, let bill): self[stream]?.bill = bill
      case .failed(let detail, let text):
        if !isHostile, detail != .helloTimeout { complain("failed: \(detail): \(text)") }
        flush()
        seeEnd()
        return
      case .creditArrived, .pong, .goAway: break
      }
    }
    flush()
  }

  private subscript(stream: StreamID) -> Call? { places[stream].map { calls[$0] } }

  private func complain(_ text: String) { complaints.append("client \(number): \(text)") }
}
