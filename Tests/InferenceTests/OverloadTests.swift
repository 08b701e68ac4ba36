import Inference
import Models
import Support
import Testing

/// More work than time: less effort for all, down to their floors, and a plain word to who would wait too long.
struct OverloadTests: UnderLoad {
  private let text: [Int32] = (0 ..< 30).map { Int32($0 * 7 % 80) }
  @Test func loadLowersEffortDownToTheFloor() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.brownOutWait = .milliseconds(5)
    limits.railPerMille = 0
    var engine = warm(bench, limits)
    #expect(try given(bench, 5) == 1, "nobody waits")
    var orders: [Order] = []
    for number in 10 ..< 50 as Range<UInt64> {
      let floor = number.isMultiple(of: 2) ? 0 : 0.5
      orders += whole(request(number, floor: floor), .tokens(text))
    }
    bench.run(&engine, orders)
    let first = try (10 ..< 20).map { try given(bench, UInt64($0)) }
    #expect(first.contains { $0 < 0.5 }, "\(first)")
    for number in stride(from: 11, to: 50, by: 2) {
      #expect(try given(bench, UInt64(number)) >= 0.3, "the point of the curve below the floor")
    }
    bench.run(&engine, whole(request(99), .tokens(text)))
    #expect(try given(bench, 99) == 1, "the load is gone")
    limits.brownOutWait = nil
    engine = warm(bench, limits)
    bench.run(&engine, orders)
    for number in 10 ..< 50 { #expect(try given(bench, UInt64(number)) == 1) }
  }

  @Test func whoWouldWaitTooLongIsToldWhenToComeBack() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.brownOutWait = nil
    limits.queueWaitMax = .milliseconds(20)
    limits.rowsMax = 30
    var engine = warm(bench, limits)
    let orders = (10 ..< 60).flatMap { whole(request(UInt64($0)), .tokens(text)) }
    bench.run(&engine, orders)
    let refused = (10 ..< 60).compactMap { number -> Refusal? in
      if case .refused(let refusal)? = bench.ending(SequenceID(UInt64(number)))?.outcome {
        refusal
      } else {
        nil
      }
    }
    #expect(refused.count > 5 && refused.count < 50, "\(refused.count)")
    #expect(refused.allSatisfy { $0.code == .queueFull && ($0.retryAfter ?? .zero) > .zero })
    let waits = refused.compactMap(\.retryAfter)
    #expect(waits == waits.sorted(), "the queue grows, and so does the wait")
    bench.run(&engine, whole(request(99), .tokens(text)))
    #expect(bench.ending(SequenceID(99))?.outcome == .finished(.complete))
  }

  /// Who waits is priced at what load leaves of it: nothing is taken from floors, nor from settings by themselves.
  @Test func whatLoadCannotLowerIsPricedWhole() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.brownOutWait = .milliseconds(5)
    limits.queueWaitMax = .milliseconds(60)
    limits.railPerMille = 0
    func refused(_ change: (inout Request) -> Void) -> Int {
      var engine = warm(bench, limits)
      var orders: [Order] = []
      for number in 10 ..< 70 as Range<UInt64> {
        var own = request(number)
        change(&own)
        orders += whole(own, .tokens(text))
      }
      bench.run(&engine, orders)
      return (10 ..< 70).count {
        if case .refused = bench.ending(SequenceID(UInt64($0)))?.outcome { true } else { false }
      }
    }
    var parameters = EncodeParameters()
    parameters.explicit.threshold = 1
    let explicit = refused {
      $0 = .test($0.id.number, .classify(parameters), on: Workbench.encoder)
    }
    #expect(explicit == refused { $0.effortMin = 1 })
    #expect(explicit > refused { $0.effortMin = 0 } + 10, "\(explicit)")
  }

  /// Turns until a request has ended; gives the time that took.
  private func wait(_ bench: Workbench, _ engine: inout Engine, for number: UInt64) -> Duration {
    let began = bench.now
    while bench.ending(SequenceID(number)) == nil, engine.hasWork { bench.record(engine.turn([])) }
    return bench.now - began
  }

  private func refusal(_ bench: Workbench, _ number: UInt64) throws -> Refusal {
    let ending = try #require(bench.ending(SequenceID(number)))
    guard case .refused(let refusal) = ending.outcome else { throw NotRefused(ending.outcome) }
    #expect(refusal.code == .queueFull && ending.bill.work.macsTotal == 0)
    return refusal
  }

  private struct NotRefused: Error {
    let outcome: Outcome
    init(_ outcome: Outcome) { self.outcome = outcome }
  }

  private func isAbout(_ wait: Duration?, _ taken: Duration) -> Bool {
    wait.map { $0 > taken / 2 && $0 < taken * 2 } ?? false
  }

  @Test func aFullTableSaysWhenAPlaceIsExpected() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.sequencesMax = 2
    var engine = warm(bench, limits)
    let first = (10 ... 11).flatMap { whole(.test($0, endless(40)), prompt) }
    bench.record(engine.turn(first + [.open(.test(12, endless(5)))]))
    #expect(try refusal(bench, 12).retryAfter == nil, "no answer has ended, so nobody knows")
    bench.run(&engine, [])
    let next = whole(.test(20, endless(60)), prompt) + whole(.test(21, endless(20)), prompt)
    bench.record(engine.turn(next))
    bench.record(engine.turn([.open(.test(22, endless(5)))]))
    let told = try refusal(bench, 22).retryAfter
    let taken = wait(bench, &engine, for: 21)
    #expect(isAbout(told, taken), "\(told as Any), and it took \(taken)")
    bench.run(&engine, [])
    #expect(engine.booksBalance)
  }

  /// Four pages: whoever comes second waits for the first.
  private func narrow(_ bench: Workbench, queue: Int) -> Engine {
    var limits = EngineLimits()
    limits.keyValueBytesMax = 4 * 3 * 2 * 16 * 16 * 4
    limits.queueCountMax = queue
    limits.sharesPrefixes = false
    var engine = warm(bench, limits)
    bench.run(&engine, whole(.test(8, endless(50)), prompt))
    return engine
  }

  @Test func aFullQueueSaysWhenItsFirstLeaves() throws {
    let bench = try Workbench()
    var engine = narrow(bench, queue: 1)
    let orders = (10 ... 12).flatMap { whole(.test($0, endless(50)), prompt) }
    bench.record(engine.turn(orders))
    #expect(engine.load.queued == 1)
    let told = try refusal(bench, 12).retryAfter
    let taken = wait(bench, &engine, for: 10)
    #expect(isAbout(told, taken), "\(told as Any), and it took \(taken)")
    bench.run(&engine, [])
    #expect(engine.booksBalance && engine.load.pagesUsed == 0)
  }

  /// Who cannot have its pages in time is told so at once, and who can wait for them gets them.
  @Test func whoWouldWaitTooLongForPagesIsRefused() throws {
    let bench = try Workbench()
    var engine = narrow(bench, queue: 9)
    bench.record(engine.turn(whole(.test(10, endless(50)), prompt)))
    let (soon, far) = (bench.now + .milliseconds(40), bench.now + .seconds(10))
    bench.record(engine.turn(whole(.test(11, endless(30), deadline: soon), prompt)))
    let refused = try refusal(bench, 11)
    #expect(refused.text.contains("pages") && refused.retryAfter ?? .zero > .zero, "\(refused)")
    bench.record(engine.turn(whole(.test(12, endless(50), deadline: far), prompt)))
    #expect(engine.load.queued == 1)
    let told = try #require(refused.retryAfter) + (soon - bench.now)
    let taken = wait(bench, &engine, for: 10)
    #expect(isAbout(told, taken), "\(told), and it took \(taken)")
    bench.run(&engine, [])
    #expect(bench.ending(SequenceID(12))?.outcome == .finished(.length))
    #expect(engine.booksBalance)
  }

  /// Pages of a request whose client may end it at any time may be free at any time: nobody is refused for them.
  @Test func whatHangsOnClientsIsNotPriced() throws {
    let bench = try Workbench()
    var engine = narrow(bench, queue: 9)
    var predict = PredictParameters()
    predict.tokensMax = 60
    bench.record(
      engine.turn([.open(.test(10, .predict(predict))), .input(SequenceID(10), prompt, weight: 1)])
    )
    let soon = bench.now + .milliseconds(40)
    bench.record(engine.turn(whole(.test(11, endless(30), deadline: soon), prompt)))
    #expect(bench.ending(SequenceID(11)) == nil && engine.load.queued == 1)
    bench.run(&engine, [.endOfInput(SequenceID(10))])
    #expect(bench.ending(SequenceID(11)) != nil && engine.booksBalance)
  }
}
