import Inference
import Logging
import Loop
import Testing

@testable import Serving
@testable import Wire

/// A peer on a fake link, with the engine's part spoken by the test.
struct PeerTests {
  @Test func roomThatIsThereAtOnceIsUsed() throws {
    var configuration = Configuration()
    configuration.limits.wire.outputBytesMax = 300
    let clock = FakeClock()
    let calendar = FakeCalendar(clock)
    let exchange = Exchange(
      configuration,
      catalog: TinyHouse.catalog,
      timekeeper: calendar,
      orders: WorkQueue(offersMax: 1),
      clock: { clock.now },
      log: Logger(label: "test") { _ in Silence() }
    )
    let link = Link(0, calendar: calendar, capacity: 700)
    exchange.accept(link, tenant: "t")
    var client = ClientConversation(software: "test", now: clock.now)
    let stream = try client.open(Open("Tokenize"))
    link.clientWrites(client.takeOutput())
    _ = link.arriveUp(link.upCount)
    _ = client.receive(link.arriveDown(link.downCount), now: clock.now)

    // More than the link and the output hold together, all of it under credit.
    let results = (0 ..< 64).map { Emission.tokens(SequenceID(1), Array(0 ... Int32($0))) }
    exchange.deliver(results)
    var got = 0
    while link.downCount > 0 {
      let events = client.receive(link.arriveDown(link.downCount), now: clock.now)
      got += events.count { if case .message(stream, _, _) = $0 { true } else { false } }
    }
    #expect(got == results.count, "the client reads on and need not say anything")
  }

  /// The engine takes with its next turn what fills the queue, and a turn takes about as long as the last.
  @Test(arguments: [nil, Duration.microseconds(6200), .microseconds(3)])
  func aFullQueueOfOrdersKnowsItsTime(turn: Duration?) throws {
    let clock = FakeClock()
    let calendar = FakeCalendar(clock)
    let exchange = Exchange(
      Configuration(),
      catalog: TinyHouse.catalog,
      timekeeper: calendar,
      orders: WorkQueue(offersMax: 1),
      clock: { clock.now },
      log: Logger(label: "test") { _ in Silence() }
    )
    exchange.turnTime = turn
    let link = Link(0, calendar: calendar, capacity: 65_536)
    exchange.accept(link, tenant: "t")
    var client = ClientConversation(software: "test", now: clock.now)
    _ = try client.open(Open("Tokenize"))
    let second = try client.open(Open("Tokenize"))
    link.clientWrites(client.takeOutput())
    _ = link.arriveUp(link.upCount)
    let events = client.receive(link.arriveDown(link.downCount), now: clock.now)
    let ends = events.compactMap { event -> End? in
      if case .ended(second, let end) = event { end } else { nil }
    }
    let end = try #require(ends.first, "\(events)")
    #expect(end.detail == "queue_full")
    let told = end.metadata["retry_after_ms"]
    #expect(told == turn.map { .string($0 > .milliseconds(1) ? "7" : "1") })
  }
}
