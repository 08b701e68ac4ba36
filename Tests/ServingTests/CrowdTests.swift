import Inference
import Loop
import Serving
import Support
import Testing
import Wire

/// Many clients at once, some of which cancel, expire or vanish: one bill each, and nothing is left.
struct CrowdTests {
  @Test(.enabled(if: DaemonHarness.hasRealModels, "run `make models`"))
  func twoHundredStreamsOfRealModels() throws {
    try storm(connections: 25, streams: 8, seed: 1, real: true)
  }

  @Test(arguments: 2 ..< 8)
  func twoHundredStreamsOfTinyModels(seed: UInt64) throws {
    try storm(connections: 20, streams: 10, seed: seed, real: false)
  }

  private func storm(connections: Int, streams: Int, seed: UInt64, real: Bool) throws {
    var random = SplitMix64(seed: seed)
    let daemon = try DaemonHarness(real: real) {
      $0.engine.queueCountMax = 400
      // Tiny models get so few pages that most requests have to wait for some.
      if !real { $0.engine.keyValueBytesMax = 200 << 10 }
    }
    let loop = try EventLoop()
    let peers = (0 ..< connections).map { index in
      TestPeer(index.isMultiple(of: 2) ? daemon.unix : daemon.tcp, on: loop)
    }
    var vanished: [(TestPeer, [CallID])] = []
    var calls: [[CallID]] = []
    for (index, peer) in peers.enumerated() {
      // Who would wait past its deadline is refused, and no bill is kept of that: whose bills are asked for has none.
      let mayHurry = index % 5 != 4
      calls.append(
        try (0 ..< streams).map { _ in
          try openRandomCall(on: peer, at: loop, isLong: real, mayHurry: mayHurry, using: &random)
        }
      )
    }
    for (index, peer) in peers.enumerated() where index % 5 != 4 {
      try openEndless(on: peer, at: loop, isLong: real, using: &random)
    }
    for (index, peer) in peers.enumerated() where index % 5 == 4 {
      vanished.append((peer, calls[index]))
      let delay = Duration.milliseconds(Int.random(in: 0 ... (real ? 3000 : 60), using: &random))
      peer.afterAllIsRead { Timer.once(on: loop, after: delay) { peer.vanish() } }
    }
    let isDone = loop.run(within: .seconds(240)) {
      peers.allSatisfy { $0.openCount == 0 }
    }
    #expect(isDone, "seed \(seed): \(peers.map(\.openCount)) streams wait for their bills")
    let vanishing = vanished.map { ObjectIdentifier($0.0) }
    var macs = checkAnswers(peers.filter { !vanishing.contains(ObjectIdentifier($0)) })
    let witness = TestPeer(daemon.unix, on: loop)
    let tcpWitness = TestPeer(daemon.tcp, on: loop)
    for (index, (_, ids)) in vanished.enumerated() {
      let place = (index * 5 + 4).isMultiple(of: 2) ? witness : tcpWitness
      macs += try recallBills(ids, through: place, on: loop)
    }
    let isWhole = loop.run(within: .seconds(10)) {
      for peer in peers { peer.tick() }
      return peers.allSatisfy { $0.failure != nil || $0.isCreditWhole }
    }
    #expect(isWhole, "seed \(seed): not all spent credit came back")
    let closing = daemon.stop()
    #expect(closing.isBalanced)
    #expect(closing.callsEvicted == 0, "nothing was left for the drain to end")
    #expect(closing.load.sequences == 0 && closing.load.pagesUsed == 0)
    #expect(closing.load.queued == 0 && closing.load.running == 0)
    #expect(closing.macsBilled == macs, "the bills that clients hold are all there is")
    let openedCount = (peers + [witness, tcpWitness]).reduce(0) { $0 + $1.answers.count }
    #expect(closing.billsCount == openedCount, "one bill each")
    loop.close()
  }

  private func openRandomCall(
    on peer: TestPeer,
    at loop: EventLoop,
    isLong: Bool,
    mayHurry: Bool,
    using random: inout SplitMix64
  ) throws -> CallID {
    var (open, messages) = randomCall(using: &random)
    let id = CallID(using: &random)
    open.call = id
    if Int.random(in: 0 ..< 5, using: &random) == 0, mayHurry {
      open.deadline = .milliseconds(Int.random(in: 0 ... (isLong ? 5000 : 50), using: &random))
    }
    let stream = try peer.call(open, messages)
    if Int.random(in: 0 ..< 5, using: &random) == 0 {
      let delay = Duration.milliseconds(Int.random(in: 0 ... (isLong ? 5000 : 50), using: &random))
      Timer.once(on: loop, after: delay) { [weak peer] in
        if peer?.answers[stream]?.end == nil { peer?.cancel(stream) }
      }
    }
    return id
  }

  /// Two calls whose input never ends, so that only a cancel and a deadline can end them, however fast the machine is.
  private func openEndless(
    on peer: TestPeer,
    at loop: EventLoop,
    isLong: Bool,
    using random: inout SplitMix64
  ) throws {
    let left = try peer.call(Open("Predict", ["top_k": 1]), ["the sun"], closes: false)
    let delay = Duration.milliseconds(Int.random(in: 0 ... (isLong ? 5000 : 50), using: &random))
    Timer.once(on: loop, after: delay) { [weak peer] in peer?.cancel(left) }
    // Work that costs nothing is never refused for being too late.
    var open = Open("Tokenize", model: "encoder")
    open.deadline = .milliseconds(Int.random(in: 1 ... (isLong ? 5000 : 50), using: &random))
    try peer.call(open, ["the sun"], closes: false)
  }

  private func randomCall(using random: inout SplitMix64) -> (Open, [Value]) {
    let words = ["the", "rain", "sun", "and", "then", "a", "storm", "over", "hills"]
    func text(_ count: Int) -> Value {
      .string(
        (0 ..< count).map { _ in words.randomElement(using: &random) ?? "" }
          .joined(separator: " ")
      )
    }
    switch Int.random(in: 0 ..< 5, using: &random) {
    case 0:
      let count = Value(Int.random(in: 1 ... 12, using: &random))
      return (
        Open("Generate", model: "language", ["max_tokens": count, "temperature": 0.7]),
        [text(4), text(3)]
      )
    case 1: return (Open("Predict", ["top_k": 2]), [text(5), text(3)])
    case 2:
      return (Open("Embed", ["input": "each"]), [text(3), text(8), text(1)])
    case 3: return (Open("Tokenize", model: "encoder"), [text(9)])
    default: return (Open("Embed"), [text(2), text(4)])
    }
  }

  /// Every stream of a living peer has one END and then one BILL, which agree; and all kinds of ends were there.
  private func checkAnswers(_ peers: [TestPeer]) -> UInt64 {
    var macs: UInt64 = 0
    var counts: [Status: Int] = [:]
    for peer in peers {
      #expect(peer.failure == nil)
      for answer in peer.answers.values {
        #expect(answer.endsCount == 1 && answer.billsCount == 1)
        #expect(answer.end?.status == answer.bill?.status)
        // Who would wait past its deadline is refused.
        let allowed: [Status?] = [.ok, .cancelled, .deadlineExceeded, .resourceExhausted]
        #expect(allowed.contains(answer.end?.status), "\(answer.end?.text ?? "")")
        macs += answer.bill?.macsTotal ?? 0
        if let status = answer.end?.status { counts[status, default: 0] += 1 }
      }
      #expect(!peer.answers.isEmpty)
    }
    let opened = peers.reduce(0) { $0 + $1.answers.count }
    #expect(counts[.ok, default: 0] >= opened / 4, "\(counts) of \(opened)")
    // Each has one call that only this can end.
    #expect(counts[.cancelled, default: 0] >= peers.count, "\(counts)")
    #expect(counts[.deadlineExceeded, default: 0] >= peers.count, "\(counts)")
    return macs
  }

  /// The bills of calls whose connection is gone; Usage.Bill has each of them.
  private func recallBills(
    _ ids: [CallID],
    through peer: TestPeer,
    on loop: EventLoop
  ) throws -> UInt64 {
    var macs: UInt64 = 0
    for id in ids {
      var bill: Wire.Bill?
      // The engine may still be ending it.
      for _ in 0 ..< 200 where bill == nil {
        let stream = try peer.call(Open("Usage.Bill", ["call": .binary(id.bytes)]), [])
        #expect(loop.run(within: .seconds(10)) { peer.answers[stream]?.bill != nil })
        let answer = peer.answers[stream]
        if let map = answer?.messages.first?.asMap { bill = try Wire.Bill(reading: map) }
      }
      #expect(bill != nil, "no bill of call \(id)")
      macs += bill?.macsTotal ?? 0
    }
    return macs
  }
}
