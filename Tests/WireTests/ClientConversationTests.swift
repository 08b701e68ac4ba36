import Testing

@testable import Wire

struct ClientConversationTests {
  /// A client whose server has said HELLO, with nothing in the output.
  func greeted(_ server: Limits = Limits(), own: Limits = Limits()) -> ClientConversation {
    var client = ClientConversation(software: "client", limits: own, now: .zero)
    let hello = Hello(limits: server)
    #expect(client.receive(Frame.hello(hello).encoded, now: .zero) == [.greeted(hello)])
    _ = client.takeOutput()
    _ = client.outputPressure(0)
    return client
  }

  func detail(_ body: () throws(WireError) -> StreamID) -> Detail? {
    do throws(WireError) {
      _ = try body()
      return nil
    } catch {
      return error.detail
    }
  }

  @Test func aCallGoesThereAndBack() throws {
    var client = greeted()
    let stream = try client.open(Open("Generate"))
    #expect(client.send("text", on: stream) == .sent(bytes: 8))
    client.halfClose(stream)
    #expect(client.send("more", on: stream) == .closed)
    #expect(
      try frames(in: client.takeOutput()).map(\.stream) == [1, 1, 1]
    )
    let bill = Bill(call: CallID())
    let answer: [Frame] = [.data(1, [5, "x", 0.5]), .end(1, End(.ok)), .bill(1, bill)]
    #expect(
      client.receive(answer.flatMap(\.encoded), now: .zero) == [
        .message(1, [5, "x", 0.5], bytes: 16), .ended(1, End(.ok)), .billed(1, bill),
      ]
    )
    #expect(client.openStreams == [])
  }

  @Test func whatTheServerWouldRefuseIsNotSent() throws {
    var limits = Limits()
    limits.streamsMax = 1
    limits.metadataCountMax = 1
    limits.frameBytesMax = 16_384
    var client = greeted(limits)
    var open = Open("Generate")
    open.metadata = Metadata(["a": "1", "b": "2"])
    #expect(detail { () throws(WireError) in try client.open(open) } == .metadataTooLarge)
    open.metadata = Metadata()
    open.params = [Value.Entry("system", .string(String(repeating: "x", count: 20_000)))]
    #expect(detail { () throws(WireError) in try client.open(open) } == .frameTooLarge)
    _ = try client.open(Open("Generate"))
    #expect(detail { () throws(WireError) in try client.open(Open("Generate")) } == .streamsMax)
    // An END makes room at once; the BILL need not have come.
    _ = client.receive(Frame.end(1, End(.ok)).encoded, now: .zero)
    #expect(try client.open(Open("Generate")) == 2)
  }

  @Test func nothingIsOpenedAfterGoAway() {
    var client = greeted()
    let goAway = Frame.goAway(lastStream: 0, .unavailable, text: "draining: x")
    #expect(
      client.receive(goAway.encoded, now: .zero) == [
        .goAway(lastStream: 0, .unavailable, text: "draining: x")
      ]
    )
    #expect(detail { () throws(WireError) in try client.open(Open("Generate")) } == .draining)
    #expect(!client.isFailed)
  }

  @Test func aServerThatSaysNothingIsGivenUp() {
    var client = ClientConversation(software: "", now: .zero)
    #expect(client.tick(now: .milliseconds(9_999)) == [])
    guard case .failed(.helloTimeout, _) = client.tick(now: .seconds(10)).first else {
      Issue.record("still waiting")
      return
    }
  }

  @Test func aCancelledCallGivesItsMessagesBackAndStillGetsItsBill() throws {
    var own = Limits()
    own.connectionCredit = 1_000
    var client = greeted(own: own)
    let stream = try client.open(Open("Generate"))
    let message = Frame.data(stream, .binary(Array(repeating: 0, count: 300))).encoded
    #expect(client.receive(message, now: .zero).count == 1)
    client.cancel(stream)
    client.cancel(stream)
    #expect(client.receive(message, now: .zero) == [])
    let output = try frames(in: client.takeOutput())
    #expect(output.filter { $0 == .cancel(stream) }.count == 1)
    #expect(output.contains(.credit(0, bytes: 612)))
    let bill = Bill(call: CallID())
    let rest = Frame.end(stream, End(.cancelled)).encoded + Frame.bill(stream, bill).encoded
    #expect(
      client.receive(rest, now: .zero) == [.ended(stream, End(.cancelled)), .billed(stream, bill)]
    )
    client.checkInvariants()
  }

  @Test func aPingIsAnsweredAndItsAnswerHeard() throws {
    var client = greeted()
    client.ping(token: 7)
    #expect(try frames(in: client.takeOutput()) == [.ping(ack: false, token: 7)])
    #expect(
      client.receive(Frame.ping(ack: true, token: 7).encoded, now: .zero) == [.pong(token: 7)]
    )
    #expect(client.receive(Frame.ping(ack: false, token: 8).encoded, now: .zero) == [])
    #expect(try frames(in: client.takeOutput()) == [.ping(ack: true, token: 8)])
  }

  @Test func callsMayBeOpenedBeforeTheServersHello() throws {
    var client = ClientConversation(software: "", now: .zero)
    let stream = try client.open(Open("Generate"))
    _ = client.send("x", on: stream)
    var small = Limits()
    small.streamCredit = 3
    _ = client.receive(Frame.hello(Hello(limits: small)).encoded, now: .zero)
    // More was sent than the server would have allowed; that is a debt, not an error.
    #expect(client.sendable(stream) == 0)
    #expect(client.send("x", on: stream) == .blocked)
    client.checkInvariants()
  }
}
