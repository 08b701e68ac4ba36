import Inference
import Models
import Support
import Testing

/// Prompts of one tenant that begin alike share pages: the answer is bit for bit the same, and the bill
/// says what was reused.
struct PrefixTests {
  let bench: Workbench
  private let beginning = (0 ..< 40).map { Int32($0 * 7 % 256) }

  init() throws { bench = try Workbench() }

  private var cost: Cost { Cost(bench.llama.configuration) }

  private func bill(_ id: UInt64) throws -> Work {
    try #require(bench.ending(SequenceID(id))).bill.work
  }

  private func run(_ engine: inout Engine, _ id: UInt64, _ tokens: [Int32], tenant: String = "t") {
    bench.run(&engine, whole(.test(id, endless(6), tenant: tenant), .tokens(tokens)))
  }

  /// Tokens and log-probabilities when nothing is shared.
  private func alone(_ tokens: [Int32]) throws -> (answer: [GeneratedToken], work: Work) {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.sharesPrefixes = false
    var engine = bench.engine(limits)
    bench.run(&engine, whole(.test(1, endless(6)), .tokens(tokens)))
    let ending = try #require(bench.ending(SequenceID(1)))
    #expect(engine.load.pagesCached == 0 && ending.bill.work.tokensReused == 0)
    return (bench.generated(SequenceID(1)), ending.bill.work)
  }

  @Test func theSecondPromptSkipsWhatTheFirstComputed() throws {
    var engine = bench.engine()
    run(&engine, 1, beginning + [1, 2, 3])
    run(&engine, 2, beginning + [4, 5])
    let (answer, work) = try alone(beginning + [4, 5])
    #expect(bench.generated(SequenceID(2)) == answer, "bit for bit")
    let found = try bill(2)
    #expect(found.tokensReused == 32, "two whole pages")
    #expect(found.tokensIn == 42)
    #expect(found.macsTotal + cost.causalRows(start: 0, count: 32) == work.macsTotal)
    #expect(try bill(1).tokensReused == 0)
    #expect(engine.booksBalance)
    #expect(engine.load.pagesUsed == 0 && engine.load.pagesCached > 0)
  }

  @Test func theNextTurnOfAChatReusesTheAnswerToo() throws {
    var engine = bench.engine()
    bench.run(&engine, whole(.test(1, endless(30)), .tokens(beginning)))
    let said = bench.generated(SequenceID(1)).map(\.token)
    let next = beginning + said + [9, 9]
    run(&engine, 2, next)
    #expect(try bill(2).tokensReused == 64)
    #expect(bench.generated(SequenceID(2)) == (try alone(next).answer))
  }

  @Test func theLastPositionOfAPromptAlwaysRuns() throws {
    var engine = bench.engine()
    let prompt = Array(beginning.prefix(32))
    for id in 1 ... 2 as ClosedRange<UInt64> { run(&engine, id, prompt) }
    #expect(try bill(2).tokensReused == 16)
    #expect(bench.generated(SequenceID(2)) == bench.generated(SequenceID(1)))
  }

  @Test func tenantsAndModelsShareNothing() throws {
    var engine = bench.engine()
    run(&engine, 1, beginning)
    run(&engine, 2, beginning, tenant: "other")
    #expect(try bill(2).tokensReused == 0)
    #expect(try bill(2) == (try bill(1)))
  }

  @Test func whoRunsSharesAlreadyAndOutlivesIt() throws {
    var engine = bench.engine()
    bench.emptyTurn(&engine, whole(.test(1, endless(40), slots: 99), .tokens(beginning)))
    bench.emptyTurn(&engine, whole(.test(2, endless(40)), .tokens(beginning)))
    #expect(engine.load.pagesUsed == 5 + 5 - 2, "80 positions each")
    bench.run(&engine, [.end(SequenceID(1), .cancelled)])
    #expect(try bill(2).tokensReused == 32)
    let reference = try Workbench()
    var fresh = reference.engine()
    reference.run(&fresh, whole(.test(2, endless(40)), .tokens(beginning)))
    #expect(bench.generated(SequenceID(2)) == reference.generated(SequenceID(2)))
    #expect(engine.booksBalance && engine.load.pagesUsed == 0)
  }

  @Test func predictionsAnswerEveryPositionAndStillLeaveTheirPages() throws {
    var engine = bench.engine()
    let task = Request.Task.predict(PredictParameters())
    for id in 1 ... 2 as ClosedRange<UInt64> {
      bench.run(&engine, whole(.test(id, task), .tokens(beginning)))
      #expect(bench.predictions(SequenceID(id)).count == 40)
      #expect(try bill(id).tokensReused == 0)
    }
    run(&engine, 3, beginning)
    #expect(try bill(3).tokensReused == 32)
  }

  @Test func keptPagesMakeWayForWhoNeedsThem() throws {
    var limits = EngineLimits()
    limits.keyValueBytesMax = 6 * 3 * 2 * 16 * 16 * 4  // 6 pages
    limits.prefixPercentMax = 100
    var engine = bench.engine(limits)
    run(&engine, 1, beginning)
    #expect(engine.load.pagesCached == 2)
    let many = randomPrompt(80)
    run(&engine, 2, many)
    #expect(bench.generated(SequenceID(2)).count == 6)
    #expect(bench.generated(SequenceID(2)) == (try alone(many).answer))
    run(&engine, 3, beginning)
    #expect(try bill(3).tokensReused < 32, "its pages made way")
    #expect(bench.generated(SequenceID(3)) == (try alone(beginning).answer))
    #expect(engine.booksBalance)
  }

  private func randomPrompt(_ count: Int) -> [Int32] {
    var random = SplitMix64(seed: 5)
    return randomTokens(count, using: &random)
  }

  @Test(arguments: 0 ..< 30)
  func sharingChangesNoBitOfAnyAnswer(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let choice = WeightChoice.allCases[Int(seed) % WeightChoice.allCases.count]
    let benches = try (0 ..< 2).map { _ in try Workbench(weights: choice) }
    var limits = EngineLimits()
    limits.workers = Int(seed % 3) + 1
    limits.keyValueBytesMax = Int.random(in: 12 ... 60, using: &random) * 3 * 2 * 16 * 16 * 4
    limits.prefillRowsMax = Int.random(in: 5 ... 90, using: &random)
    limits.prefixPercentMax = Int.random(in: 0 ... 100, using: &random)
    var plain = limits
    plain.sharesPrefixes = false
    var engines = [benches[0].engine(limits), benches[1].engine(plain)]
    for round in 0 ..< 4 as Range<UInt64> {
      let orders = (1 ... 5 as ClosedRange<UInt64>).flatMap { place -> [Order] in
        let start = Array(beginning.prefix(Int.random(in: 0 ... 40, using: &random)))
        let rest = randomTokens(Int.random(in: 1 ... 60, using: &random), using: &random)
        let task = endless(Int.random(in: 1 ... 30, using: &random))
        let tenant = Bool.random(using: &random) ? "a" : "b"
        return whole(.test(round * 5 + place, task, tenant: tenant), .tokens(start + rest))
      }
      for index in 0 ... 1 { benches[index].run(&engines[index], orders) }
    }
    for id in (1 ... 20).map({ SequenceID($0) }) {
      #expect(benches[0].generated(id) == benches[1].generated(id), "seed \(seed), \(choice)")
      let work = try benches.map { try #require($0.ending(id)).bill.work }
      let reused = cost.causalRows(start: 0, count: work[0].tokensReused)
      #expect(work[0].macsTotal + reused == work[1].macsTotal, "seed \(seed)")
    }
    #expect(engines.allSatisfy { $0.booksBalance && $0.load.pagesUsed == 0 })
    if limits.prefixPercentMax > 50 { #expect(engines[0].counters.tokensReused > 0) }
  }
}
