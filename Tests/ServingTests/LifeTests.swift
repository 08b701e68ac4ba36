import Inference
import Loop
import Support
import Testing
import Wire

@testable import Serving

/// How connections live and end, what health says meanwhile, and which call ids are free again.
struct LifeTests {
  @Test func aWatchSaysWhatIsAndWhatChanges() throws {
    let daemon = try DaemonHarness { $0.drain = .seconds(60) }
    let loop = try EventLoop()
    let peer = TestPeer(daemon.unix, on: loop)
    let watch = try peer.call(Open("Health.Watch", model: "encoder"), [])
    let unknown = try ask(peer, loop, Open("Health.Watch", model: "nobody"))
    #expect(unknown.end?.detail == "unknown_model")
    #expect(try ask(peer, loop, Open("Health.Check", model: "nobody")).end?.status == .notFound)
    #expect(loop.run(within: .seconds(10)) { peer.answers[watch]?.messages.count == 1 })
    #expect(peer.answers[watch]?.messages.first?["status"] == "SERVING")
    #expect(peer.answers[watch]?.end == nil)
    let closings = WorkQueue<Bool>(offersMax: 1)
    let stopping = UncheckedBox(daemon)
    let stopper = WorkerThread(named: "stopper") {
      closings.post(stopping.value.stop().isBalanced)
    }
    #expect(loop.run(within: .seconds(10)) { peer.answers[watch]?.bill != nil })
    let states = peer.answers[watch]?.messages.compactMap { $0["status"]?.asString }
    #expect(states == ["SERVING", "NOT_SERVING"])
    #expect(peer.answers[watch]?.end?.detail == "draining")
    #expect(peer.answers[watch]?.endsCount == 1 && peer.answers[watch]?.billsCount == 1)
    peer.vanish()
    stopper.join()
    #expect(closings.take(waiting: true).first == true)
    loop.close()
  }

  @Test func aWatchEndsAtItsDeadlineAndAtCancel() throws {
    try withDaemon { daemon, peer, loop in
      var open = Open("Health.Watch")
      open.deadline = .milliseconds(50)
      #expect(try ask(peer, loop, open).end?.detail == "deadline")
      let watch = try peer.call(Open("Health.Watch"), [])
      #expect(loop.run(within: .seconds(10)) { peer.answers[watch]?.messages.isEmpty == false })
      peer.cancel(watch)
      #expect(loop.run(within: .seconds(10)) { peer.answers[watch]?.bill != nil })
      #expect(peer.answers[watch]?.end?.status == .cancelled)
    }
  }

  @Test func anOldConnectionFinishesItsCallsAndCloses() throws {
    let bounds: (inout Configuration) -> Void = { $0.limits.wire.age = .milliseconds(200) }
    try withDaemon(bounds) { daemon, peer, loop in
      let running = try peer.call(Open("Generate", ["max_tokens": 5]), [], closes: false)
      let watch = try peer.call(Open("Health.Watch"), [])
      #expect(loop.run(within: .seconds(10)) { peer.isGoneAway })
      #expect(loop.run(within: .seconds(10)) { peer.answers[watch]?.bill != nil })
      #expect(peer.answers[watch]?.end?.detail == "draining")
      #expect(peer.answers[watch]?.messages.count == 1, "the server itself stays")
      #expect(peer.answers[running]?.end == nil)
      peer.cancel(running)
      #expect(loop.run(within: .seconds(10)) { peer.failure != nil }, "the server closes")
      #expect(peer.answers[running]?.bill?.status == .cancelled)
      let next = TestPeer(daemon.unix, on: loop)
      #expect(try ask(next, loop, Open("Health.Check")).end?.status == .ok)
    }
  }

  @Test func whoDiesWithoutAWordHoldsNothingForLong() throws {
    let bounds: (inout Configuration) -> Void = {
      $0.limits.wire.keepalive = .milliseconds(300)
      $0.limits.wire.keepaliveTimeout = .seconds(1)
    }
    try withDaemon(bounds) { daemon, peer, loop in
      let alive = try peer.call(Open("Predict"), ["sun and "], closes: false)
      let dead = TestPeer(daemon.tcp, on: loop)
      let held = try dead.call(Open("Predict"), ["sun and "], closes: false)
      #expect(loop.run(within: .seconds(10)) { dead.answers[held]?.messages.isEmpty == false })
      dead.pause()
      loop.turn(1200)
      dead.resume()
      #expect(loop.run(within: .seconds(10)) { dead.failure != nil })
      #expect(dead.farewell?.hasPrefix("keepalive_timeout") ?? true, "\(dead.farewell ?? "")")
      #expect(peer.failure == nil && peer.answers[alive]?.end == nil, "who answers stays")
      peer.cancel(alive)
      #expect(loop.run(within: .seconds(10)) { peer.openCount == 0 })
    }
  }

  @Test func cancelsWithoutEndAreAFlood() throws {
    let bounds: (inout Configuration) -> Void = { $0.limits.wire.resetsMax = 50 }
    try withDaemon(bounds) { daemon, peer, loop in
      let other = TestPeer(daemon.tcp, on: loop)
      #expect(try ask(other, loop, Open("Health.Check")).end?.status == .ok)
      #expect(try ask(peer, loop, Open("Health.Check")).end?.status == .ok)
      for _ in 0 ..< 60 { peer.cancel(try peer.call(Open("Generate"), ["sun"], closes: false)) }
      #expect(loop.run(within: .seconds(10)) { peer.failure != nil })
      #expect(peer.farewell?.hasPrefix("reset_flood") == true, "\(peer.farewell ?? "")")
      #expect(peer.answers.values.allSatisfy { $0.endsCount <= 1 && $0.billsCount <= 1 })
      #expect(try ask(other, loop, Open("Generate", ["max_tokens": 2]), ["x"]).end?.status == .ok)
    }
  }

  @Test func aCallThatWasRefusedWithoutWorkMayBeMadeAgain() throws {
    let bounds: (inout Configuration) -> Void = { $0.engine.sequencesMax = 1 }
    try withDaemon(bounds) { daemon, peer, loop in
      let held = try peer.call(Open("Generate"), [], closes: false)
      var open = Open("Generate", ["max_tokens": 2, "ignore_eos": true])
      open.call = CallID()
      let refused = try ask(peer, loop, open, ["sun"])
      #expect(refused.end?.detail == "queue_full" && refused.bill?.macsTotal == 0)
      peer.cancel(held)
      #expect(loop.run(within: .seconds(10)) { peer.openCount == 0 })
      let done = try ask(peer, loop, open, ["sun"])
      #expect(done.end?.status == .ok && done.bill?.tokensOut == 2, "\(done.end?.text ?? "")")
      #expect(try ask(peer, loop, open, ["sun"]).end?.detail == "call_in_use", "work was done")
    }
  }

  @Test func anEchoIsWhatWasSentAndPushesBack() throws {
    try withDaemon { daemon, peer, loop in
      let odd: [Value] = [.nil, .float(.infinity), .array([.map([])]), "text", .binary([0xFF]), -5]
      let many = odd + (0 ..< 3000).map { Value($0) }
      let whole = try ask(peer, loop, Open("Reflect.Echo"), many)
      #expect(whole.messages == many && whole.end?.status == .ok)
      #expect(whole.bill?.macsTotal == 0)
      var limits = Limits()
      limits.streamCredit = 1000
      let deaf = TestPeer(daemon.unix, on: loop, limits: limits)
      deaf.isReading = false
      let stream = try deaf.call(
        Open("Reflect.Echo"),
        (0 ..< 300).map { _ in .binary([UInt8](repeating: 7, count: 990)) }
      )
      loop.turn(100)
      let got = deaf.answers[stream]?.messages.count ?? 0
      #expect(got == 1, "\(got) messages came on credit for one")
      #expect(deaf.unsentCount > 200, "\(deaf.unsentCount) wait here, as nobody reads there")
      #expect(try ask(peer, loop, Open("Reflect.Echo"), ["x"]).messages == ["x"])
      deaf.cancel(stream)
      #expect(loop.run(within: .seconds(10)) { deaf.openCount == 0 })
    }
  }

  @Test func reflectionSaysWhatAbsenceMeans() throws {
    let generate = try Parameters([], of: .generate).task(seed: 0)
    guard case .generate(let standard) = generate else { return }
    func said(_ method: Method, _ name: String) -> Value? {
      method.params.first { $0.name == name }?.standard
    }
    #expect(said(.generate, "max_tokens") == Value(standard.tokensMax))
    #expect(said(.generate, "temperature")?.asDouble == Double(standard.sampling.temperature))
    #expect(said(.generate, "top_k") == Value(standard.sampling.topK))
    #expect(said(.generate, "top_p")?.asDouble == Double(standard.sampling.topP))
    #expect(said(.generate, "min_p")?.asDouble == Double(standard.sampling.minP))
    let penalty = standard.sampling.repetitionPenalty
    #expect(said(.generate, "repetition_penalty")?.asDouble == Double(penalty))
    #expect(said(.generate, "ignore_eos") == .bool(standard.ignoresEnd))
    #expect(said(.predict, "top_k") == Value(PredictParameters().candidates))
    #expect(said(.predict, "special") == .bool(PredictParameters().special))
    #expect(said(.predict, "max_tokens") == Value(PredictParameters().tokensMax))
    #expect(said(.embed, "truncate") == .bool(EncodeParameters().truncate))
    let page = Repository.text("docs/PROTOCOL.md")
    for method in Method.allCases {
      #expect(page.contains("| `\(method.rawValue)` |"), "\(method) is not in PROTOCOL.md")
      for param in method.params { #expect(page.contains("`\(param.name)`"), "\(param.name)") }
    }
  }
}
