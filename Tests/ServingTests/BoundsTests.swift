import Inference
import Loop
import Serving
import Support
import Testing
import Wire

/// Every bound of the daemon as a client meets it, over real sockets.
struct BoundsTests {
  /// Sends bytes on a bare connection and gathers what comes until the server closes.
  private func exchange(_ bytes: [UInt8], with address: Address, on loop: EventLoop) -> [UInt8]? {
    var received: [UInt8] = []
    var isClosed = false
    var held: Connection?
    Connection.connect(to: address, on: loop) { result in
      guard case .success(let connection) = result else { return }
      held = connection
      connection.onBytes = { received += $0 }
      connection.onEnd = { _ in isClosed = true }
      if !bytes.isEmpty { connection.write(bytes) }
    }
    let isDone = loop.run(within: .seconds(20)) { isClosed }
    held?.close()
    return isDone ? received : nil
  }

  private func says(_ bytes: [UInt8]?, _ word: String) -> Bool {
    String(decoding: bytes ?? [], as: UTF8.self).contains(word)
  }

  @Test func aFrameOverTheLimitIsRefusedBeforeItsBodyComes() throws {
    try withDaemon { daemon, _, loop in
      for address in [daemon.unix, daemon.tcp] {
        let answer = exchange([0x7F, 0xFF, 0xFF, 0xFF], with: address, on: loop)
        #expect(says(answer, "frame_too_large"))
      }
    }
  }

  @Test func whoNeverGreetsIsSentAway() throws {
    let bounds: (inout Configuration) -> Void = { $0.limits.wire.hello = .milliseconds(100) }
    try withDaemon(bounds) { daemon, peer, loop in
      #expect(says(exchange([], with: daemon.tcp, on: loop), "hello_timeout"))
      let other = try ask(peer, loop, Open("Health.Check"))
      #expect(other.end?.status == .ok, "others stay")
    }
  }

  @Test func whoIsIdleIsSentAwayAndWhoWaitsIsNot() throws {
    let bounds: (inout Configuration) -> Void = { $0.limits.wire.idle = .milliseconds(300) }
    try withDaemon(bounds) { daemon, peer, loop in
      let waiting = TestPeer(daemon.tcp, on: loop)
      let call = try waiting.call(Open("Generate"), [], closes: false)
      #expect(try ask(peer, loop, Open("Health.Check")).end?.status == .ok)
      #expect(loop.run(within: .seconds(20)) { peer.failure != nil })
      #expect(peer.farewell?.hasPrefix("idle_timeout") == true, "\(peer.failure ?? "")")
      #expect(waiting.failure == nil, "a call is open there")
      waiting.cancel(call)
      #expect(loop.run(within: .seconds(10)) { waiting.answers[call]?.bill != nil })
    }
  }

  @Test func pingsAreCounted() throws {
    let bounds: (inout Configuration) -> Void = {
      $0.limits.wire.pingsMax = 5
      $0.limits.wire.pingStrikesMax = 0
    }
    try withDaemon(bounds) { daemon, _, loop in
      let hello = [0x00, 0x00, 0x00, 0x0F] + [0x93, 0x00, 0x00, 0x81, 0xA8] + "versions".utf8
      // [8, 0, false, 7], six times.
      let ping: [UInt8] = [0, 0, 0, 5, 0x94, 8, 0, 0xC2, 7]
      let greeting = Array(hello) + [0x91, 0x01]
      let answer = exchange(
        greeting + Array(repeatElement(ping, count: 6).joined()),
        with: daemon.unix,
        on: loop
      )
      #expect(says(answer, "ping_flood"))
    }
  }

  @Test func whatTheEngineCannotHoldIsRefusedAtOnce() throws {
    let bounds: (inout Configuration) -> Void = { $0.engine.sequencesMax = 2 }
    try withDaemon(bounds) { daemon, peer, loop in
      let held = try (0 ..< 2).map { _ in try peer.call(Open("Generate"), [], closes: false) }
      let refused = try ask(peer, loop, Open("Generate"), ["sun"])
      #expect(refused.end?.detail == "queue_full")
      #expect(refused.end?.status == .resourceExhausted)
      #expect(refused.bill?.macsTotal == 0)
      for call in held { peer.cancel(call) }
      #expect(loop.run(within: .seconds(10)) { peer.openCount == 0 })
      let after = try ask(peer, loop, Open("Generate", ["max_tokens": 2]), ["sun"])
      #expect(after.end?.status == .ok, "there is room again: \(after.end?.text ?? "")")
    }
  }

  @Test func noCallOutlivesItsLimit() throws {
    let bounds: (inout Configuration) -> Void = { $0.limits.callTimeMax = .milliseconds(200) }
    try withDaemon(bounds) { daemon, peer, loop in
      let silent = try peer.call(Open("Predict"), ["sun and rain "], closes: false)
      #expect(loop.run(within: .seconds(20)) { peer.answers[silent]?.bill != nil })
      #expect(peer.answers[silent]?.end?.detail == "deadline")
      #expect((peer.answers[silent]?.bill?.macsTotal ?? 0) > 0)
    }
  }

  @Test func whoHoldsMemoryAndStallsGivesWay() throws {
    let bounds: (inout Configuration) -> Void = {
      // One page of the tiny model, or a few: a Predict with all positions takes them all.
      $0.engine.keyValueBytesMax = 256 * 3 * 2 * 2 * 8 * 4
      $0.engine.stallMax = .milliseconds(200)
    }
    try withDaemon(bounds) { daemon, peer, loop in
      let greedy = try peer.call(Open("Predict", ["max_tokens": 250]), ["sun and "], closes: false)
      #expect(loop.run(within: .seconds(10)) { peer.answers[greedy]?.messages.isEmpty == false })
      let next = try ask(peer, loop, Open("Generate", ["max_tokens": 100]), ["the rain"])
      #expect(next.end?.status == .ok, "\(next.end?.text ?? "")")
      #expect((next.bill?.queueTime ?? .zero) > .milliseconds(100), "it waited for the pages")
      #expect(peer.answers[greedy]?.end?.detail == "stalled")
      #expect(peer.answers[greedy]?.end?.status == .aborted)
      #expect((peer.answers[greedy]?.bill?.macsTotal ?? 0) > 0)
    }
  }

  @Test func whoNeverReadsTheEndsOfItsCallsIsSentAway() throws {
    let bounds: (inout Configuration) -> Void = {
      $0.limits.wire.controlBytesMax = 32_768
      $0.limits.wire.streamsMax = 10_000
      $0.limits.wire.resetsMax = 10_000
    }
    try withDaemon(bounds) { daemon, deaf, loop in
      #expect(try ask(deaf, loop, Open("Health.Check")).end?.status == .ok)
      deaf.pause()
      for _ in 0 ..< 1500 { try deaf.call(Open("Nonsense"), []) }
      let other = TestPeer(daemon.tcp, on: loop)
      #expect(try ask(other, loop, Open("Health.Check")).end?.status == .ok, "others stay")
      _ = loop.run(within: .milliseconds(300)) { false }
      deaf.resume()
      #expect(loop.run(within: .seconds(20)) { deaf.failure != nil })
      // What it says last is lost on a client that stays deaf for too long.
      #expect(deaf.farewell?.hasPrefix("slow_reader") ?? true, "\(deaf.farewell ?? "")")
      #expect(deaf.openCount == 0)
    }
  }

  @Test func aDrainingServerSaysSoToWhoAskedBefore() throws {
    let daemon = try DaemonHarness { $0.drain = .seconds(20) }
    let loop = try EventLoop()
    let peer = TestPeer(daemon.unix, on: loop)
    let asked = try peer.call(Open("Health.Check"), [], closes: false)
    var isRead = false
    peer.afterAllIsRead { isRead = true }
    #expect(loop.run(within: .seconds(10)) { isRead })
    let closings = WorkQueue<Bool>(offersMax: 1)
    let stopping = UncheckedBox(daemon)
    let stopper = WorkerThread(named: "stopper") {
      closings.post(stopping.value.stop().isBalanced)
    }
    #expect(loop.run(within: .seconds(10)) { peer.isGoneAway })
    let late = try? peer.call(Open("Health.Check"), [])
    peer.close(asked)
    #expect(loop.run(within: .seconds(10)) { peer.answers[asked]?.bill != nil })
    #expect(peer.answers[asked]?.messages.first?["status"] == "NOT_SERVING")
    #expect(late.map { peer.answers[$0]?.end?.detail == "draining" } ?? true)
    stopper.join()
    #expect(closings.take(waiting: true).first == true)
    loop.close()
  }
}
