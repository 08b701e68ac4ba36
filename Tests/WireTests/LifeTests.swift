import Support
import Testing

@testable import Wire

/// Whether a client lives, how long a connection does, and how often a client may give up.
struct LifeTests {
  private func greeted(_ change: (inout Limits) -> Void) -> Conversation {
    var limits = Limits()
    change(&limits)
    var server = Conversation(software: "", limits: limits, now: .zero)
    _ = server.receive(Frame.hello(Hello(software: "", limits: Limits())).encoded, now: .zero)
    _ = server.takeOutput()
    return server
  }

  private func open(_ stream: StreamID) -> [UInt8] {
    Frame.open(stream, OpenFrame(Open("Generate"))).encoded
  }

  private func keeping() -> Conversation {
    greeted {
      $0.keepalive = .seconds(60)
      $0.keepaliveTimeout = .seconds(20)
      $0.idle = .seconds(300)
    }
  }

  @Test func aSilentClientIsAskedAndGivenUpAtItsTime() throws {
    var server = keeping()
    _ = server.receive(open(1), now: .seconds(5))
    #expect(server.nextTick == .seconds(65))
    #expect(server.tick(now: .milliseconds(64_999)) == [])
    #expect(!server.hasOutput)
    #expect(server.tick(now: .seconds(65)) == [])
    #expect(try frames(in: server.takeOutput()) == [.ping(ack: false, token: 65_000)])
    #expect(server.nextTick == .seconds(85))
    #expect(server.tick(now: .milliseconds(84_999)) == [])
    guard case .failed(.keepaliveTimeout, _)? = server.tick(now: .seconds(85)).first else {
      Issue.record("a dead client stays")
      return
    }
    #expect(server.openStreams == [1], "its owner ends and bills it")
  }

  @Test func anyWholeFrameIsAnAnswer() {
    let answers: [Frame] = [
      .ping(ack: true, token: 1), .ping(ack: true, token: 65_000), .cancel(1),
    ]
    for answer in answers {
      var server = keeping()
      _ = server.receive(open(1), now: .zero)
      _ = server.tick(now: .seconds(60))
      _ = server.receive(answer.encoded, now: .seconds(79))
      #expect(server.tick(now: .seconds(80)) == [])
      #expect(server.nextTick == .seconds(139), "\(answer)")
    }
  }

  @Test func aFrameThatNeverEndsIsNoSignOfLife() {
    var server = keeping()
    _ = server.receive(open(1), now: .zero)
    _ = server.tick(now: .seconds(60))
    _ = server.takeOutput()
    // A map that claims to go on, a byte every second.
    let drip =
      [0x00, 0x00, 0xFF, 0xFF, 0x93, 0x02, 0x01, 0x81] + [UInt8](repeating: 0xA0, count: 20)
    for (second, byte) in drip.prefix(19).enumerated() {
      #expect(server.receive([byte], now: .seconds(60 + second)) == [])
    }
    #expect(!server.tick(now: .seconds(80)).isEmpty)
    #expect(server.isFailed)
  }

  @Test func beingAskedDoesNotKeepAnIdleConnection() {
    var server = keeping()
    var now = Duration.zero
    while !server.isFailed, now < .seconds(1000) {
      guard let due = server.nextTick else { break }
      now = due
      _ = server.tick(now: now)
      for case .ping(ack: false, let token)? in [try? frames(in: server.takeOutput()).last] {
        _ = server.receive(Frame.ping(ack: true, token: token).encoded, now: now)
      }
    }
    #expect(server.isFailed && now == .seconds(300), "idle_timeout at \(now)")
  }

  @Test func anOldConnectionTakesNoMoreStreamsAndFinishesItsOwn() throws {
    var server = greeted { $0.age = .seconds(100) }
    _ = server.receive(open(1), now: .seconds(99))
    #expect(server.nextTick == .seconds(100))
    #expect(server.tick(now: .seconds(100)) == [])
    #expect(server.isGoingAway)
    guard case .goAway(1, .unavailable, let text)? = try frames(in: server.takeOutput()).last else {
      Issue.record("no GOAWAY")
      return
    }
    #expect(text.hasPrefix("draining: "))
    guard case .refused(2, _, .draining, _)? = server.receive(open(2), now: .seconds(101)).first
    else {
      Issue.record("stream 2 was taken")
      return
    }
    #expect(server.openStreams == [1, 2])
    #expect(server.nextTick.map { $0 > .seconds(101) } ?? true, "it is not told twice")
  }

  @Test func resetsAreCountedOverAnySecond() {
    var server = greeted { $0.resetsMax = 3 }
    func reset(_ stream: StreamID, _ milliseconds: Int) -> [Conversation.Event] {
      let now = Duration.milliseconds(milliseconds)
      let events = server.receive(open(stream) + Frame.cancel(stream).encoded, now: now)
      if !server.isFailed { server.end(stream, End(.cancelled)) }
      return events
    }
    for (index, milliseconds) in [0, 500, 999, 1000, 1500, 1999].enumerated() {
      #expect(reset(StreamID(index + 1), milliseconds).count == 2)
    }
    guard case .failed(.resetFlood, _)? = reset(7, 1999).last else {
      Issue.record("four within a second were taken")
      return
    }
    #expect(server.openStreams == [7], "the owner ends and bills it")
  }

  @Test(arguments: 0 ..< 50)
  func aRateIsWhatAListOfTimesSays(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let max = Int.random(in: 0 ... 5, using: &random)
    var rate = Rate(max: max)
    var taken: [Int] = []
    var now = 0
    for _ in 0 ..< 300 {
      now += Int.random(in: 0 ... 400, using: &random)
      let fits = taken.count { now - $0 < 1000 } < max
      #expect(rate.take(at: .milliseconds(now)) == fits)
      if fits { taken.append(now) }
    }
  }
}
