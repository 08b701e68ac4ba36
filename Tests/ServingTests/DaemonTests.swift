import Inference
import Loop
import Models
import Serving
import Support
import Testing
import Wire

/// The daemon over real sockets, call by call.
struct DaemonTests {
  @Test func everyMethodAnswersAndBills() throws {
    try withDaemon { daemon, peer, loop in
      let generated = try ask(
        peer,
        loop,
        Open("Generate", ["max_tokens": 5, "ignore_eos": true]),
        ["the sun"]
      )
      #expect(generated.messages.count == 5)
      #expect(generated.end?.metadata["finish"] == "length")
      let bill = try #require(generated.bill)
      #expect(bill.tokensOut == 5 && bill.macsTotal > 0 && bill.model == "language")
      #expect(bill.macs.total == bill.macsTotal)
      #expect(bill.costMicro == (bill.macsTotal * 1000 + 999_999_999) / 1_000_000_000)
      #expect(bill.currency == "EUR")
      #expect(bill.tenant.hasPrefix("uid:"))
      #expect(bill.bytesIn > 0 && bill.bytesOut > 0)

      let predicted = try ask(peer, loop, Open("Predict", ["top_k": 3]), ["the ", "sun"])
      #expect(UInt64(predicted.messages.count) == predicted.bill?.tokensIn)
      #expect(predicted.messages.allSatisfy { $0.asArray?[2].asArray?.count == 3 })
      let embedded = try ask(peer, loop, Open("Embed", ["input": "each"]), ["sun", "the rain"])
      #expect(embedded.messages.compactMap { $0.asArray?[1].asBytes?.count } == [128, 128])
      let labelled = try ask(peer, loop, Open("Classify", ["top_k": 2]), ["sun"])
      #expect(labelled.messages.first?.asArray?[1].asArray?.count == 2)
      let pair = try ask(peer, loop, Open("Classify", ["pair": "rain"]), ["sun"])
      #expect(pair.bill?.tokensIn == 5, "[CLS] sun [SEP] rain [SEP]")
      let tokens = try ask(peer, loop, Open("Tokenize", model: "language"), ["the sun"])
      #expect(tokens.messages.flatMap { $0.asArray ?? [] }.count == Int(tokens.bill?.tokensIn ?? 0))
      #expect(tokens.bill?.macsTotal == 0)
    }
  }

  @Test func theEdgeAnswersWithoutTheEngine() throws {
    try withDaemon { daemon, peer, loop in
      let list = try ask(peer, loop, Open("Models.List"))
      let names = list.messages.first?.asArray?.compactMap { $0["name"]?.asString }
      #expect(names == ["language", "encoder"])
      let model = try ask(peer, loop, Open("Models.Describe", model: "encoder"))
      #expect(model.messages.first?["labels"]?.asArray?.count == 3)
      #expect(model.messages.first?["family"] == "bert")
      let health = try ask(peer, loop, Open("Health.Check"))
      #expect(health.messages.first?["status"] == "SERVING")
      let reflection = try ask(peer, loop, Open("Reflect.Describe"))
      let methods = reflection.messages.first?["methods"]?.asMap?.map(\.key)
      #expect(methods?.contains("Generate") == true && methods?.count == 13)
    }
  }

  @Test func aBillCanBeAskedForAgainByItsTenantOnly() throws {
    try withDaemon { daemon, peer, loop in
      var open = Open("Embed")
      let id = CallID()
      open.call = id
      let first = try ask(peer, loop, open, ["sun"])
      let usage = Open("Usage.Bill", ["call": .binary(id.bytes)])
      let again = try ask(peer, loop, usage)
      #expect(try Wire.Bill(reading: again.messages.first?.asMap ?? []) == first.bill)
      let stranger = TestPeer(daemon.tcp, on: loop)
      let refused = try ask(stranger, loop, usage)
      #expect(refused.end?.detail == "unknown_call")
      #expect(try ask(peer, loop, open, ["sun"]).end?.detail == "call_in_use")
      let other = Open("Usage.Bill", ["call": .binary(CallID().bytes)])
      #expect(try ask(peer, loop, other).end?.status == .notFound)
    }
  }

  @Test func refusalsNameTheirReasonAndCostNothing() throws {
    try withDaemon { daemon, peer, loop in
      var both = Open("Classify", ["threshold": 0.5])
      both.effort = 0.5
      let cases: [(Open, [Value], String)] = [
        (Open("Nonsense"), [], "unknown_method"),
        (Open("Generate", model: "nobody"), ["x"], "unknown_model"),
        (Open("Embed", model: "language"), ["x"], "unsuitable_model"),
        (Open("Generate", ["max_tokens": 0]), ["x"], "bad_option"),
        (Open("Generate", ["tokens_max": 5]), ["x"], "bad_option"),
        (both, ["x"], "bad_option"),
        (Open("Generate"), [.map([])], "bad_message"),
        (Open("Generate"), [.array([.int(-1)])], "bad_message"),
        (Open("Generate"), [.array([999_999])], "bad_message"),
        (Open("Generate"), [], "bad_message"),
        (Open("Embed"), [.string(String(repeating: "sun ", count: 200))], "context_too_long"),
        (Open("Health.Check"), ["x"], "bad_message"),
        (Open("Usage.Bill"), [], "bad_option"),
        (Open("Models.Describe"), [], "bad_option"),
        (Open("Usage.Bill", ["call": .binary([1])]), [], "bad_option"),
      ]
      for (open, messages, detail) in cases {
        let answer = try ask(peer, loop, open, messages)
        #expect(answer.end?.detail == detail, "\(open.method): \(answer.end?.text ?? "")")
        #expect(answer.end?.text.isEmpty == false)
        #expect(answer.bill?.macsTotal == 0)
        #expect(answer.endsCount == 1 && answer.billsCount == 1)
      }
      #expect(try ask(peer, loop, Open("Health.Check")).end?.status == .ok, "the peer lives on")
    }
  }

  @Test func deadlinesAndCancelsEndWithABill() throws {
    try withDaemon { daemon, peer, loop in
      var past = Open("Generate", ["max_tokens": 200])
      past.deadline = .zero
      #expect(try ask(peer, loop, past, ["sun"]).end?.detail == "deadline")
      var unfed = Open("Generate")
      unfed.deadline = .milliseconds(20)
      let waiting = try peer.call(unfed, [], closes: false)
      var control = Open("Health.Check")
      control.deadline = .milliseconds(20)
      let idle = try peer.call(control, [], closes: false)
      let cancelled = try peer.call(Open("Predict"), ["sun"], closes: false)
      peer.cancel(cancelled)
      #expect(loop.run(within: .seconds(10)) { peer.openCount == 0 })
      #expect(peer.answers[waiting]?.bill?.status == .deadlineExceeded)
      #expect(peer.answers[idle]?.bill?.status == .deadlineExceeded)
      #expect(peer.answers[cancelled]?.bill?.status == .cancelled)
    }
  }

  @Test func deadlinesAreCountedWhereOperatorsRead() throws {
    try withDaemon { daemon, peer, loop in
      let describe = Open("Models.Describe", model: "encoder")
      #expect(try ask(peer, loop, Open("Classify"), ["sun"]).end?.status == .ok)
      let before = try ask(peer, loop, describe).messages.first
      #expect(before?["name"] == "encoder" && before?["deadlines"] == nil, "none had one")
      for seconds in [30, 0] {
        var open = Open("Classify", model: "encoder")
        open.deadline = .seconds(seconds)
        _ = try ask(peer, loop, open, ["sun"])
      }
      let told = try ask(peer, loop, describe).messages.first?["deadlines"]
      #expect(told?["count"] == 2 && told?["late"] == 1, "\(told as Any)")
      #expect(told?["late_us_max"]?.asInt ?? 0 > 0)
    }
  }

  @Test func aReaderWithoutCreditStallsOnlyItself() throws {
    try withDaemon { daemon, peer, loop in
      var limits = Limits()
      limits.streamCredit = 200
      let slow = TestPeer(daemon.unix, on: loop, limits: limits)
      slow.isReading = false
      let open = Open("Generate", ["max_tokens": 150, "ignore_eos": true])
      let stalled = try slow.call(open, ["sun"])
      let other = try ask(peer, loop, open, ["sun"])
      #expect(other.messages.count == 150)
      let count = slow.answers[stalled]?.messages.count ?? 0
      #expect(count > 0 && count < 50, "\(count) messages fit 200 bytes")
      #expect(slow.answers[stalled]?.end == nil)
      slow.cancel(stalled)
      #expect(loop.run(within: .seconds(10)) { slow.openCount == 0 })
      let spent = slow.answers[stalled]?.bill?.tokensOut ?? 0
      #expect(spent < 150, "the row paused: \(spent) tokens")
    }
  }

  @Test func aSlowReaderGetsItsBillWhileTheDaemonDrains() throws {
    let daemon = try DaemonHarness { $0.drain = .seconds(120) }
    let loop = try EventLoop()
    var limits = Limits()
    limits.streamCredit = 1 << 24
    limits.connectionCredit = 1 << 24
    let peer = TestPeer(daemon.unix, on: loop, limits: limits)
    let texts = (0 ..< 1000).map { Value.string("sun \($0)") }
    let stream = try peer.call(Open("Embed", ["input": "each"]), texts)
    #expect(loop.run(within: .seconds(20)) { peer.answers[stream]?.messages.isEmpty == false })
    peer.pause()
    let closings = WorkQueue<Closing>(offersMax: 1)
    let stopping = UncheckedBox(daemon)
    let stopper = WorkerThread(named: "stopper") { closings.post(stopping.value.stop()) }
    loop.turn(100)
    peer.resume()
    #expect(loop.run(within: .seconds(100)) { peer.answers[stream]?.bill != nil })
    #expect(peer.answers[stream]?.messages.count == texts.count)
    stopper.join()
    #expect(closings.take(waiting: true).first?.isBalanced == true)
    loop.close()
  }

  @Test func streamsAndConnectionsAreBounded() throws {
    let bounds: (inout Configuration) -> Void = {
      $0.limits.wire.streamsMax = 3
      $0.limits.connectionsMax = 2
    }
    try withDaemon(bounds) { daemon, peer, loop in
      let calls = try (0 ..< 5).map { _ in try peer.call(Open("Generate"), [], closes: false) }
      #expect(loop.run(within: .seconds(10)) { peer.openCount == 3 })
      let refused = calls.filter { peer.answers[$0]?.end?.detail == "streams_max" }
      #expect(refused == Array(calls.suffix(2)))
      let second = TestPeer(daemon.unix, on: loop)
      #expect(try ask(second, loop, Open("Health.Check")).end?.status == .ok)
      let third = TestPeer(daemon.unix, on: loop)
      #expect(loop.run(within: .seconds(10)) { third.failure != nil })
      #expect(third.isGoneAway)
      for call in calls { peer.cancel(call) }
      #expect(loop.run(within: .seconds(10)) { peer.openCount == 0 })
    }
  }

  @Test func drainFinishesWhatRunsAndBillsTheRest() throws {
    let daemon = try DaemonHarness { $0.drain = .milliseconds(300) }
    let loop = try EventLoop()
    let peer = TestPeer(daemon.unix, on: loop)
    let short = try peer.call(Open("Embed"), ["sun"], closes: false)
    let endless = try peer.call(Open("Predict"), ["sun and rain and "], closes: false)
    #expect(loop.run(within: .seconds(10)) { peer.answers[endless]?.messages.isEmpty == false })
    let closings = WorkQueue<Closing>(offersMax: 1)
    let stopping = UncheckedBox(daemon)
    let stopper = WorkerThread(named: "stopper") { closings.post(stopping.value.stop()) }
    #expect(loop.run(within: .seconds(10)) { peer.isGoneAway })
    peer.close(short)
    #expect(loop.run(within: .seconds(10)) { peer.answers[short]?.bill != nil })
    #expect(peer.answers[short]?.end?.status == .ok, "it was open before the drain")
    #expect(loop.run(within: .seconds(10)) { peer.answers[endless]?.bill != nil })
    #expect(peer.answers[endless]?.end?.detail == "draining")
    #expect((peer.answers[endless]?.bill?.macsTotal ?? 0) > 0)
    #expect(loop.run(within: .seconds(10)) { peer.failure != nil }, "the server closes")
    stopper.join()
    let closing = try #require(closings.take(waiting: true).first)
    #expect(closing.isBalanced)
    #expect(closing.callsEvicted == 1)
    loop.close()
  }
}
