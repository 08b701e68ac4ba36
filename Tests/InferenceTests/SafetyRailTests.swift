import Inference
import Models
import Support
import Testing

/// Answers that were spared work are computed again by the whole model when nobody waits.
struct SafetyRailTests {
  private func reports(_ bench: Workbench) -> [RailReport] {
    bench.emissions.compactMap { if case .checked(let report) = $0 { report } else { nil } }
  }

  private func run(
    _ bench: Workbench,
    _ engine: inout Engine,
    _ count: Int,
    effort: Double,
    stream: Bool = false
  ) {
    var random = SplitMix64(seed: 12)
    for number in 1 ... UInt64(count) {
      let tokens = randomTokens(20, using: &random).map { $0 % 80 }
      let task: Request.Task =
        stream ? .classifyStream(StreamParameters()) : .classify(EncodeParameters())
      let request = Request.test(
        number,
        task,
        on: stream ? Workbench.language : Workbench.encoder,
        effort: effort
      )
      bench.run(&engine, whole(request, .tokens(tokens)))
    }
    #expect(engine.booksBalance && engine.load.sequences == 0 && engine.load.pagesUsed == 0)
  }

  @Test(arguments: [0, 250, 1000], [false, true])
  func aShareIsChecked(perMille: Int, isStream: Bool) throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = perMille
    limits.railDriftMax = 1
    var engine = bench.engine(limits)
    run(bench, &engine, 40, effort: 0, stream: isStream)
    let found = reports(bench)
    #expect(found.count == 40 * perMille / 1000)
    #expect(found.allSatisfy { $0.bill.work.macsTotal > 0 && $0.agrees != nil })
    #expect(found.allSatisfy { $0.isStream == isStream && $0.effort < 0.1 })
    // Nonsense exits agree with the nonsense model sometimes.
    if perMille == 1000 { #expect(Set(found.map(\.agrees)).count == 2) }
  }

  @Test func theWholeModelIsNotChecked() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 1000
    var engine = bench.engine(limits)
    run(bench, &engine, 10, effort: 1)
    #expect(reports(bench).isEmpty)
  }

  /// A check is one of the requests that may be open: it waits for a place, and the engine rests meanwhile.
  @Test func aCheckTakesNoPlaceThatIsTaken() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 1000
    limits.railDriftMax = 1
    limits.sequencesMax = 1
    var engine = bench.engine(limits)
    let text: [Int32] = (0 ..< 20).map { Int32($0 * 7 % 80) }
    let early = Request.test(1, .classify(EncodeParameters()), on: Workbench.encoder, effort: 0)
    while bench.ending(early.id) == nil {
      bench.record(engine.turn(bench.emissions.isEmpty ? whole(early, .tokens(text)) : []))
    }
    // A client that says nothing yet has the only place.
    let quiet = Request.test(2, .classify(EncodeParameters()), on: Workbench.encoder)
    bench.record(engine.turn([.open(quiet)]))
    for _ in 0 ..< 3 where engine.hasWork {
      bench.record(engine.turn([]))
      #expect(engine.load.sequences <= 1)
    }
    #expect(engine.load.sequences == 1 && reports(bench).isEmpty)
    #expect(!engine.hasWork, "nothing to do before the place is free")
    bench.run(&engine, [.end(quiet.id, .cancelled)])
    #expect(reports(bench).count == 1)
    #expect(engine.booksBalance)
  }

  /// Agreement below the curve's raises effort for later requests, and is told once.
  @Test func driftRaisesEffort() throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 1000
    // Nothing agrees well enough.
    limits.railDriftMax = -1
    var engine = bench.engine(limits)
    run(bench, &engine, 400, effort: 0.5)
    let raised = reports(bench).compactMap(\.raisedTo)
    #expect(!raised.isEmpty && raised == raised.sorted(), "\(raised)")
    let last = try #require(bench.ending(SequenceID(400))).bill.effortGiven
    let first = try #require(bench.ending(SequenceID(1))).bill.effortGiven
    #expect(last > first)
  }
}
