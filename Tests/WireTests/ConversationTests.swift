import Support
import Testing

@testable import Wire

struct ConversationTests {
  /// A server whose client has said HELLO, with nothing in the output.
  func greeted(_ change: (inout Limits) -> Void = { _ in }) -> Conversation {
    var limits = Limits()
    change(&limits)
    var server = Conversation(software: "server", limits: limits, now: .zero)
    #expect(server.receive(Frame.hello(Hello()).encoded, now: .zero) == [.greeted(Hello())])
    _ = server.takeOutput()
    _ = server.outputPressure(0)
    return server
  }

  func open(_ stream: StreamID) -> [UInt8] {
    Frame.open(stream, OpenFrame(Open("Generate"))).encoded
  }

  func data(_ stream: StreamID, bytes: Int) -> [UInt8] {
    Frame.data(stream, .binary(Array(repeating: 7, count: bytes))).encoded
  }

  func bill() -> Bill { Bill(call: CallID()) }

  @Test func helloIsTheFirstThingWritten() throws {
    var server = Conversation(software: "mete", now: .zero)
    #expect(try frames(in: server.takeOutput()) == [.hello(Hello(software: "mete"))])
    #expect(server.takeOutput() == [])
  }

  @Test func afterTheLastIdThereIsNoOther() throws {
    var server = greeted()
    let last: StreamID = 2_147_483_647
    #expect(server.receive(open(last), now: .zero).count == 1)
    #expect(!server.isFailed)
    let events = server.receive(open(5), now: .zero)
    guard case .failed(.streamID, _)? = events.first else {
      Issue.record("\(events)")
      return
    }
  }

  // MARK: Time

  @Test func aClientThatSaysNothingIsGivenUp() throws {
    var server = Conversation(software: "", now: .seconds(100))
    let due = try #require(server.nextTick)
    #expect(due == .seconds(110))
    #expect(server.tick(now: due - .milliseconds(1)) == [])
    #expect(server.tick(now: due).count == 1)
    #expect(server.isFailed)
    guard case .goAway(0, .deadlineExceeded, let text) = try frames(in: server.takeOutput()).last
    else {
      Issue.record("no GOAWAY")
      return
    }
    #expect(text.hasPrefix("hello_timeout:"))
  }

  @Test func aSilentConnectionIsClosedOnlyWithoutStreams() throws {
    var server = greeted { $0.idle = .seconds(5) }
    _ = server.receive(open(1), now: .seconds(4))
    #expect(server.tick(now: .seconds(1000)) == [])
    server.end(1, End(.ok))
    server.bill(1, bill())
    // The silence begins when the last stream is gone, not when the client last spoke.
    #expect(server.nextTick.map { $0 <= .seconds(1000) } == true)
    #expect(server.tick(now: .seconds(1000)) == [])
    #expect(server.nextTick == .seconds(1005))
    #expect(server.tick(now: .milliseconds(1_004_999)) == [])
    guard case .failed(.idleTimeout, _) = server.tick(now: .seconds(1005)).first else {
      Issue.record("still there")
      return
    }
    #expect(server.nextTick == nil)
  }

  @Test func anyFrameIsASignOfLife() {
    var server = greeted { $0.idle = .seconds(5) }
    _ = server.receive(Frame.ping(ack: false, token: 1).encoded, now: .seconds(4))
    #expect(server.tick(now: .seconds(8)) == [])
    #expect(!server.tick(now: .seconds(9)).isEmpty)
  }

  @Test func zeroIdleIsForEver() {
    var server = greeted { $0.idle = .zero }
    #expect(server.nextTick == nil)
    #expect(server.tick(now: .seconds(1_000_000)) == [])
  }

  @Test func pingsOfTheLastSecondAreCounted() {
    var server = greeted {
      $0.pingsMax = 2
      $0.pingStrikesMax = 0
    }
    func ping(_ milliseconds: Int) -> [Conversation.Event] {
      server.receive(Frame.ping(ack: false, token: 9).encoded, now: .milliseconds(milliseconds))
    }
    #expect(ping(0) == [])
    #expect(ping(900) == [])
    #expect(ping(1000) == [])
    guard case .failed(.pingFlood, _) = ping(1800).first else {
      Issue.record("a third PING within a second was taken")
      return
    }
  }

  // MARK: Credit

  @Test func withoutCreditNothingHappens() throws {
    var server = greeted()
    _ = server.receive(open(1), now: .zero)
    let message = Value.binary(Array(repeating: 1, count: 30_000))
    guard case .sent(let bytes) = server.send(message, on: 1) else {
      Issue.record("not sent")
      return
    }
    #expect(server.send(message, on: 1) == .sent(bytes: bytes))
    let left = 65_536 - 2 * bytes
    #expect(server.sendable(1) == left)
    let before = server.takeOutput().count
    #expect(before == 2 * (bytes + 4))
    #expect(server.send(message, on: 1) == .blocked)
    #expect(server.sendable(1) == left)
    #expect(server.takeOutput() == [])
    let credit = Frame.credit(1, bytes: bytes - left)
    #expect(server.receive(credit.encoded, now: .zero) == [.creditArrived(1)])
    #expect(server.send(message, on: 1) == .sent(bytes: bytes))
    #expect(server.sendable(1) == 0)
  }

  @Test func aMessageThatCanNeverPassIsToldApart() {
    var server = greeted()
    _ = server.receive(open(1), now: .zero)
    #expect(server.send(.binary(Array(repeating: 0, count: 1_048_576)), on: 1) == .tooLarge)
    let long = Value.binary(Array(repeating: 0, count: 70_000))
    #expect(server.send(long, on: 1) == .blocked)
    _ = server.receive(Frame.credit(1, bytes: 10_000).encoded, now: .zero)
    #expect(server.send(long, on: 1) == .sent(bytes: 70_008))
    #expect(server.send(1, on: 2) == .closed)
  }

  @Test func creditIsGatheredToHalfAWindowOrASecond() throws {
    var server = greeted {
      $0.streamCredit = 1_000
      $0.connectionCredit = 10_000
    }
    _ = server.receive(open(1) + data(1, bytes: 300) + data(1, bytes: 300), now: .zero)
    server.consumed(305, on: 1)
    #expect(server.takeOutput() == [])
    server.consumed(200, on: 1)
    #expect(try frames(in: server.takeOutput()) == [.credit(1, bytes: 505)])
    #expect(server.nextTick == .seconds(1))
    // Other frames do not put it off.
    _ = server.receive(Frame.ping(ack: true, token: 0).encoded, now: .milliseconds(900))
    #expect(server.tick(now: .milliseconds(999)) == [])
    #expect(!server.hasOutput)
    _ = server.tick(now: .seconds(1))
    #expect(try frames(in: server.takeOutput()) == [.credit(0, bytes: 505)])
    server.checkInvariants()
  }

  @Test func anEndGivesBackWhatWasNotConsumed() throws {
    var server = greeted { $0.connectionCredit = 1_000 }
    _ = server.receive(open(1) + data(1, bytes: 600), now: .zero)
    server.end(1, End(.ok))
    server.consumed(600, on: 1)
    let written = try frames(in: server.takeOutput())
    #expect(written.contains(.credit(0, bytes: 606)))
    server.checkInvariants()
  }

  @Test func aPeerThatDoesNotReadHoldsDataBack() throws {
    var server = greeted { $0.outputBytesMax = 5_000 }
    _ = server.receive(open(1), now: .zero)
    let message = Value.binary(Array(repeating: 1, count: 3_000))
    for _ in 0 ..< 2 { #expect(server.send(message, on: 1) != .blocked) }
    #expect(server.send(message, on: 1) == .blocked)
    #expect(server.sendable(1) == 0)
    let output = server.takeOutput()
    #expect(server.outputPressure(output.count) == [])
    #expect(server.outputPressure(4_000) == [.creditArrived(0)])
    #expect(server.outputPressure(3_000) == [])
    #expect(server.send(message, on: 1) != .blocked)
    server.checkInvariants()
  }

  @Test func whoOnlyAskedWhatIsSendableHearsOfRoom() throws {
    var server = greeted { $0.outputBytesMax = 5_000 }
    _ = server.receive(open(1), now: .zero)
    let message = Value.binary(Array(repeating: 1, count: 5_000))
    #expect(server.send(message, on: 1) != .blocked, "it was the last that fits")
    #expect(server.sendable(1) == 0)
    let output = server.takeOutput()
    #expect(server.outputPressure(output.count) == [])
    #expect(server.outputPressure(0) == [.creditArrived(0)])
    #expect(server.sendable(1) > 0)
  }

  @Test func aPeerThatDoesNotReadItsAnswersIsCutOff() {
    var server = greeted {
      $0.controlBytesMax = 20_000
      $0.streamsMax = 1
    }
    _ = server.receive(open(1), now: .zero)
    // DATA does not count, however much of it waits.
    _ = server.send(.binary(Array(repeating: 1, count: 60_000)), on: 1)
    var stream = 2
    var unread = 0
    while !server.isFailed, stream < 1_000 {
      for case .refused(let id, _, let detail, let text) in server.receive(open(stream), now: .zero)
      {
        server.end(id, End(detail, text: text))
        server.bill(id, bill())
      }
      let taken = server.takeOutput().count
      unread += taken
      _ = server.outputPressure(unread)
      stream += 1
    }
    #expect(server.isFailed)
    #expect(stream > 10)
    server.checkInvariants()
  }

  // MARK: Ends

  @Test func refusedCallsAreEndedAndBilledToo() throws {
    var server = greeted { $0.streamsMax = 1 }
    _ = server.receive(open(1), now: .zero)
    let events = server.receive(open(2) + data(2, bytes: 10), now: .zero)
    #expect(
      events == [
        .refused(2, Open("Generate"), .streamsMax, text: "1 streams are open")
      ]
    )
    #expect(server.send(1, on: 2) == .closed)
    let traffic = server.end(2, End(.streamsMax))
    server.bill(2, bill())
    let output = try frames(in: server.takeOutput())
    #expect(output.map(\.stream) == [2, 2])
    #expect(traffic.bytesIn == open(2).count + data(2, bytes: 10).count)
    #expect(traffic.bytesOut == output[0].encoded.count)
    #expect(server.openStreams == [1])
    server.checkInvariants()
  }

  @Test func aDrainingServerTakesNothingNew() throws {
    var server = greeted()
    _ = server.receive(open(3), now: .zero)
    server.goAway("maintenance")
    #expect(
      try frames(in: server.takeOutput()) == [
        .goAway(lastStream: 3, .unavailable, text: "draining: maintenance")
      ]
    )
    guard case .refused(4, _, .draining, _) = server.receive(open(4), now: .zero).first else {
      Issue.record("stream 4 was taken")
      return
    }
    #expect(server.receive(data(3, bytes: 1), now: .zero).count == 1)
    #expect(server.isGoingAway)
    #expect(!server.isFailed)
  }

  @Test func afterAFailureStreamsCanStillBeEnded() throws {
    var server = greeted()
    _ = server.receive(open(1), now: .zero)
    server.fail(.connectionsMax, "full")
    #expect(server.receive(open(2), now: .zero) == [])
    #expect(server.send(1, on: 1) == .closed)
    #expect(server.openStreams == [1])
    server.end(1, End(.connectionsMax, text: "full"))
    server.bill(1, bill())
    let written = try frames(in: server.takeOutput())
    #expect(
      written.first == .goAway(lastStream: 1, .resourceExhausted, text: "connections_max: full")
    )
    #expect(written.count == 3)
    #expect(server.isQuiet)
  }

  @Test func aClosedStreamLeavesNothingBehind() {
    var server = greeted()
    for stream in 1 ... 500 {
      _ = server.receive(open(stream), now: .zero)
      server.end(stream, End(.ok))
      server.bill(stream, bill())
    }
    #expect(server.streams.isEmpty)
    #expect(server.lastStream == 500)
    #expect(server.receive(Frame.cancel(77).encoded, now: .zero) == [])
  }

  @Test func errorTextsDoNotGrowWithWhatWasSent() throws {
    var server = greeted()
    var frame = OpenFrame(Open("Generate"))
    let key = String(repeating: "k", count: 100_000)
    frame.metadata = [Value.Entry(String(key.prefix(5_000)).uppercased(), "x")]
    guard
      case .refused(1, _, .badOption, let text) =
        server.receive(Frame.open(1, frame).encoded, now: .zero).first
    else {
      Issue.record("taken")
      return
    }
    #expect(text.utf8.count < 200)
    #expect(End(.badOption, text: key).text.utf8.count == 1024)
    let long = String(repeating: "é", count: 1000) + "x"
    #expect(End(.badOption, text: "x" + long).text.utf8.count == 1023)
  }

  // MARK: Any bytes

  @Test(arguments: 0 ..< 100)
  func chunkingIsInvisible(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    var bytes = open(1) + open(2) + data(1, bytes: 100)
    for frame in randomFrames(using: &generator).shuffled(using: &generator).prefix(4) {
      bytes += frame.encoded
    }
    func run(_ pieces: [[UInt8]]) -> ([Conversation.Event], [UInt8]) {
      var server = greeted()
      var events: [Conversation.Event] = []
      for piece in pieces { events += server.receive(piece, now: .seconds(1)) }
      return (events, server.takeOutput())
    }
    let whole = run([bytes])
    let cut = run(pieces(of: bytes, using: &generator))
    #expect(whole.0 == cut.0)
    #expect(whole.1 == cut.1)
  }

  @Test(arguments: 0 ..< 200)
  func randomBytesNeedMoreOrFail(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    for _ in 0 ..< 20 {
      var server = greeted()
      var client = ClientConversation(software: "", now: .zero)
      // A small length, so that the body is reached and not only the prefix.
      let count = Int.random(in: 0 ..< 80, using: &generator)
      let bytes =
        [0, 0, 0, UInt8.random(in: 1 ..< 60, using: &generator)] + randomBytes(count, &generator)
      let events = server.receive(bytes, now: .zero)
      #expect(events.isEmpty || server.isFailed)
      _ = client.receive(bytes, now: .zero)
      server.checkInvariants()
      client.checkInvariants()
    }
  }

  @Test(arguments: 0 ..< 200)
  func flippedBitsNeverTrap(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    for _ in 0 ..< 10 {
      var server = greeted()
      var bytes = open(1) + open(2) + data(1, bytes: 20) + Frame.credit(1, bytes: 5).encoded
      bytes += Frame.halfClose(1).encoded + Frame.cancel(2).encoded + data(2, bytes: 9)
      for _ in 0 ..< Int.random(in: 1 ... 3, using: &generator) {
        let index = Int.random(in: bytes.indices, using: &generator)
        bytes[index] ^= 1 << UInt8.random(in: 0 ..< 8, using: &generator)
      }
      for piece in pieces(of: bytes, using: &generator) { _ = server.receive(piece, now: .zero) }
      server.checkInvariants()
      for stream in server.openStreams {
        server.end(stream, End(.internal))
        server.bill(stream, bill())
      }
      server.checkInvariants()
      #expect(server.isQuiet)
      _ = try frames(in: server.takeOutput())
    }
  }
}
