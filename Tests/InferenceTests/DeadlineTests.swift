import Inference
import Models
import Support
import Testing

/// A deadline that nears lowers effort first and cuts last, and what comes late is counted.
struct DeadlineTests: UnderLoad {
  /// A deadline that nears lowers effort, and answers at an exit; only what has no time for that is cut.
  @Test func aDeadlineIsMetWithLess() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    var engine = warm(bench, limits)
    var outcomes: [(Int, Outcome, Double)] = []
    for (place, left) in [1, 2, 3, 5, 8, 20, 100].enumerated() {
      let number = UInt64(200 + place)
      let deadline = bench.now + .milliseconds(left)
      bench.run(&engine, whole(request(number, deadline: deadline), .tokens(text)))
      let ending = try #require(bench.ending(SequenceID(number)))
      outcomes.append((left, ending.outcome, ending.bill.effortGiven))
    }
    #expect(outcomes.last.map { $0.1 == .finished(.complete) && $0.2 == 1 } == true)
    let lowered = outcomes.filter { $0.1 == .finished(.complete) && $0.2 < 1 }
    #expect(!lowered.isEmpty, "\(outcomes)")
    #expect(outcomes.first?.1 == .expired || outcomes.first?.2 ?? 1 < 1, "\(outcomes)")
    #expect(engine.booksBalance)
  }

  /// Texts of later steps are under the same deadline: all get less, rather than the first all they want and the last nothing.
  @Test func theLaterTextsOfARequestCount() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    limits.rowsMax = 30
    var engine = warm(bench, limits)
    let alone = request(10, deadline: bench.now + .milliseconds(40))
    bench.run(&engine, whole(alone, .tokens(text)))
    #expect(try given(bench, 10) == 1, "there is time for one")
    var parameters = EncodeParameters()
    parameters.eachPiece = true
    let deadline = bench.now + .milliseconds(200)
    var many = Request.test(11, .classify(parameters), on: Workbench.encoder, deadline: deadline)
    (many.hurries, many.slots) = (true, 40)
    let orders: [Order] =
      [.open(many)]
      + (0 ..< 40).map { _ in .input(many.id, .tokens(text), weight: 1) }
      + [.endOfInput(many.id)]
    bench.run(&engine, orders)
    let (outcome, bill) = try #require(bench.ending(many.id))
    #expect(outcome == .finished(.complete), "\(outcome), after \(bill.work.tokensOut)")
    #expect(bill.work.tokensOut == 40 && bill.effortGiven < 1)
    #expect(engine.booksBalance)
  }

  /// Tokens that wait are under the same deadline: all get less, rather than the first all they want and the last nothing.
  @Test func theLaterTokensOfAStreamCount() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    limits.prefillRowsMax = 4
    bench.betweenLayers = { _ in
      bench.now += .milliseconds(1)
      return []
    }
    var engine = bench.engine(limits)
    func stream(_ number: UInt64, tokens: Int, within milliseconds: Int?) throws -> (Outcome, Bill)
    {
      var request = Request.test(
        number,
        .classifyStream(StreamParameters()),
        deadline: milliseconds.map { bench.now + .milliseconds($0) }
      )
      request.hurries = milliseconds != nil
      let words = (0 ..< tokens).map { Int32($0 * 11 % 200) }
      bench.run(&engine, whole(request, .tokens(words)))
      let ending = try #require(bench.ending(request.id))
      return (ending.outcome, ending.bill)
    }
    for number in 1 ... 5 as ClosedRange<UInt64> {
      _ = try stream(number, tokens: 4, within: nil)
    }
    let few = try stream(10, tokens: 4, within: 30)
    #expect(few.0 == .finished(.complete) && few.1.effortGiven == 1, "there is time for four")
    let began = bench.now
    let calm = try stream(11, tokens: 40, within: nil)
    let taken = Int((bench.now - began) / .milliseconds(1))
    #expect(calm.1.effortGiven == 1 && taken > 30, "\(taken)")
    let many = try stream(12, tokens: 40, within: taken - 1)
    #expect(many.0 == .finished(.complete), "\(many.0), after \(many.1.work.tokensOut)")
    #expect(many.1.work.tokensOut == 40 && many.1.effortGiven < 1)
    #expect(engine.booksBalance)
  }

  /// All texts of a step end with it: a deadline that a text alone would meet at full effort takes less beside others.
  @Test func theOthersOfAStepCount() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    // Not load, but the deadline is to lower effort.
    limits.brownOutWait = .seconds(1)
    limits.rowsMax = 300
    var engine = warm(bench, limits)
    func together(_ numbers: Range<UInt64>, last deadline: Duration?) {
      let orders = numbers.flatMap { number in
        whole(
          request(number, deadline: number == numbers.upperBound - 1 ? deadline : nil),
          .tokens(text)
        )
      }
      bench.betweenLayers = { _ in
        bench.now += .milliseconds(numbers.count)
        return []
      }
      bench.run(&engine, orders)
    }
    // Steps of one text and of eight teach what rows take.
    for round in 0 ..< 6 as Range<UInt64> {
      together(1000 + 20 * round ..< 1001 + 20 * round, last: nil)
      together(1010 + 20 * round ..< 1018 + 20 * round, last: nil)
    }
    let layers = 3
    // A look between two layers, and one more where there is an exit.
    let deadline = Duration.milliseconds(5 * layers)
    together(2000 ..< 2001, last: bench.now + deadline)
    #expect(try given(bench, 2000) == 1, "alone it has time")
    together(3000 ..< 3008, last: bench.now + deadline)
    let hasty = try #require(bench.ending(SequenceID(3007)))
    #expect(hasty.bill.effortGiven < 1)
    for number in 3000 ..< 3007 as Range<UInt64> { #expect(try given(bench, number) == 1) }
  }

  /// A stream's tokens that a slow layer would make late leave at an exit, sure or not.
  @Test(arguments: StreamPolicy.allCases)
  func tokensInAHurryLeaveAtAnExit(_ policy: StreamPolicy) throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    bench.betweenLayers = { _ in
      bench.now += .milliseconds(1)
      return []
    }
    var engine = bench.engine(limits)
    var parameters = StreamParameters()
    parameters.policy = policy
    // Hardly any token is so sure, but one might be: the rule is not the same for all.
    parameters.explicit.threshold = 0.9999
    for number in 1 ... 5 as ClosedRange<UInt64> {
      bench.run(&engine, whole(.test(number, .classifyStream(parameters)), prompt))
    }
    let layers = bench.llama.configuration.layers
    let calm = bench.verdicts(SequenceID(5))
    #expect(calm.map(\.layer) == [Int](repeating: layers, count: 5))
    // A step takes as many milliseconds as there are looks; the first of the next one takes four.
    var looks = 0
    bench.betweenLayers = { _ in
      looks += 1
      bench.now += .milliseconds(looks == 1 ? 4 : 1)
      return []
    }
    var hasty = Request.test(
      10,
      .classifyStream(parameters),
      deadline: bench.now + .milliseconds(layers + 3)
    )
    hasty.hurries = true
    bench.run(&engine, whole(hasty, prompt))
    let (outcome, bill) = try #require(bench.ending(hasty.id))
    let found = bench.verdicts(hasty.id)
    #expect(outcome == .finished(.complete), "\(outcome), \(bench.now), \(found.map(\.layer))")
    #expect(found.map(\.position) == [0, 1, 2, 3, 4])
    #expect(found.allSatisfy { $0.layer < layers }, "\(found.map(\.layer))")
    #expect(bill.work.macsTotal < bill.work.macsDense)
    #expect(engine.booksBalance)
    // The same, without a deadline of its own.
    looks = 0
    bench.run(&engine, whole(.test(11, .classifyStream(parameters)), prompt))
    #expect(bench.verdicts(SequenceID(11)).map(\.scores) == calm.map(\.scores))
  }

  /// What is answered is told at once: a deadline that passes while others go on does not take it back.
  @Test func anAnswerDoesNotWaitForOthers() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    var engine = warm(bench, limits)
    var early = request(20, effort: 0)
    early.deadline = bench.now + .microseconds(2500)
    bench.run(&engine, whole(early, .tokens(text)) + whole(request(21), .tokens(text)))
    let ending = try #require(bench.ending(SequenceID(20)))
    #expect(ending.outcome == .finished(.complete))
    #expect(ending.bill.work.macsTotal < ending.bill.work.macsDense)
    let other = try #require(bench.ending(SequenceID(21)))
    #expect(other.outcome == .finished(.complete))
    #expect(other.bill.total > ending.bill.total, "it went on")
    #expect(engine.booksBalance)
  }

  private func punctuality(_ bench: Workbench, _ number: UInt64) throws -> Punctuality? {
    try #require(bench.ending(SequenceID(number))).bill.punctuality
  }

  /// What passes its deadline while many other orders are taken does not wait for the last of them.
  @Test func manyOrdersKeepNoDeadlineWaiting() throws {
    let bench = try Workbench()
    var engine = bench.engine()
    bench.lookTakes = .milliseconds(1)
    var orders: [Order] = [.open(.test(1, endless(5), deadline: .milliseconds(20)))]
    for number in 2 ..< 102 as Range<UInt64> { orders += whole(.test(number, endless(1)), prompt) }
    bench.record(engine.turn(orders))
    let (outcome, bill) = try #require(bench.ending(SequenceID(1)))
    #expect(outcome == .expired)
    #expect(bill.total < .milliseconds(30), "\(bill.total)")
    #expect(bench.now > .milliseconds(100))
  }

  /// What passes its deadline while a layer runs ends with that layer.
  @Test func lateIsALayerAtMost() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    var engine = warm(bench, limits)
    let deadline = bench.now + .microseconds(2300)
    var hasty = Request.test(20, endless(50), deadline: deadline)
    hasty.hurries = true
    bench.run(&engine, whole(hasty, prompt))
    #expect(bench.ending(SequenceID(20))?.outcome == .expired)
    let own = try #require(try punctuality(bench, 20))
    #expect(own == Punctuality(late: .microseconds(700), layer: .milliseconds(1)))
    hasty = Request.test(21, endless(5), deadline: bench.now + .seconds(9))
    hasty.hurries = true
    bench.run(&engine, whole(hasty, prompt))
    #expect(try punctuality(bench, 21)?.late == .zero, "in time")
    let calm = Request.test(22, endless(5), deadline: bench.now + .milliseconds(2))
    bench.run(&engine, whole(calm, prompt))
    #expect(bench.ending(SequenceID(22))?.outcome == .expired)
    #expect(try punctuality(bench, 22) == nil, "the deadline was the server's")
    hasty = request(23, deadline: bench.now)
    bench.now += .milliseconds(5)
    bench.run(&engine, whole(hasty, .tokens(text)))
    #expect(try punctuality(bench, 23)?.late == .milliseconds(5), "it was late as it came")
    hasty = request(24, deadline: bench.now + .seconds(9))
    bench.record(engine.turn([.open(hasty), .end(SequenceID(24), .cancelled)]))
    #expect(try punctuality(bench, 24) == nil, "its client ended it")
  }

  /// What leaves after a layer that took longer than the one before is measured by its own.
  @Test func lateIsMeasuredByTheOwnLayer() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    var engine = warm(bench, limits)
    bench.betweenLayers = { _ in [] }
    bench.lookTakes = .milliseconds(3)
    let hasty = request(20, effort: 0, deadline: bench.now + .microseconds(1))
    bench.record(engine.turn([.open(hasty)]))
    #expect(try punctuality(bench, 20)?.layer == .milliseconds(1), "no layer of its own has run")
    let timely = request(21, effort: 0, deadline: bench.now + .seconds(9))
    bench.run(&engine, whole(timely, .tokens(text)))
    #expect(try punctuality(bench, 21) == Punctuality(late: .zero, layer: .milliseconds(3)))
  }

  /// Under load, with deadlines that bite, everybody ends within the deadline and one layer.
  @Test(arguments: 0 ..< 20 as Range<UInt64>)
  func deadlinesHoldUnderLoad(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 0
    limits.rowsMax = 60
    var engine = warm(bench, limits)
    var expected: [UInt64] = []
    for number in 100 ..< 200 as Range<UInt64> {
      let deadline = bench.now + .microseconds(Int64.random(in: 1000 ... 30_000, using: &random))
      var own = request(number, deadline: deadline)
      let others: [Request.Task] = [endless(30), .classifyStream(StreamParameters())]
      if let task = others.randomElement(using: &random), Bool.random(using: &random) {
        own = Request.test(number, task, deadline: deadline)
        own.hurries = true
      }
      expected.append(number)
      let piece = own.model == Workbench.encoder ? Piece.tokens(text) : prompt
      bench.record(engine.turn(whole(own, piece)))
    }
    bench.run(&engine, [])
    let found = try expected.compactMap { try punctuality(bench, $0) }
    #expect(found.contains { $0.late > .zero }, "deadlines pass while layers run")
    #expect(found.allSatisfy { $0.late <= $0.layer }, "\(found.filter { $0.late > $0.layer })")
    #expect(engine.booksBalance)
  }
}
