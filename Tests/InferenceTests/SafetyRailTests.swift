import Foundation
import Models
import Support
import Testing

@testable import Inference

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

  /// An answer where a budget ended is no drift.
  ///
  /// A stream has one token, so that its last verdict is the one that was forced.
  @Test(arguments: [false, true])
  func whatABudgetForcedIsNotChecked(isStream: Bool) throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 1000
    limits.railDriftMax = 1
    var random = SplitMix64(seed: 12)
    var (forced, checked) = (0, 0)
    var stream = StreamParameters()
    // A budget is for as many tokens as there may be.
    stream.tokensMax = 1
    for number in 1 ... 60 as ClosedRange<UInt64> {
      let tokens = randomTokens(isStream ? 1 : 20, using: &random).map { $0 % 80 }
      let budget = isStream ? 13.0 ... 15.5 : 15 ... 21
      let request = Request.test(
        number,
        isStream ? .classifyStream(stream) : .classify(EncodeParameters()),
        on: isStream ? Workbench.language : Workbench.encoder,
        effort: isStream ? 0.9 : 0.5,
        macsMax: Int(exp2(Double.random(in: budget, using: &random)))
      )
      var engine = bench.engine(limits)
      bench.run(&engine, whole(request, .tokens(tokens)))
      guard case .finished(let reason) = try #require(bench.ending(request.id)).outcome else {
        continue
      }
      let isForced = reason == .budget
      forced += isForced ? 1 : 0
      checked += reports(bench).count
      if isForced { #expect(reports(bench).isEmpty, "\(number)") }
    }
    #expect(checked > 0 && forced > 0, "\(checked) checked, \(forced) forced")
  }

  private func note(
    _ rail: inout SafetyRail,
    _ count: Int,
    agreeing: Int,
    expected: Double,
    effort: Double = 0.25
  ) -> [Double] {
    (0 ..< count).compactMap { place in
      let old = SafetyRail.Case(
        tokens: [1],
        types: [],
        label: "yes",
        effort: effort,
        expected: expected,
        isStream: false,
        isWholeStream: false
      )
      let dense = place < agreeing ? "yes" : "no"
      return rail.note(old, dense: dense, driftMax: 0.05, next: effort + 0.1)
    }
  }

  /// What agrees as well as the curve says, or nearly, or better, changes nothing; what agrees worse raises effort once it is
  /// judged.
  @Test func driftIsWhatFallsBelowTheCurve() {
    for (agreeing, isDrift) in [(100, false), (90, false), (88, false), (84, true), (0, true)] {
      var rail = SafetyRail()
      // The ones that agree come last, so that the first fifty do not decide by themselves.
      let few = note(&rail, SafetyRail.judgedFrom - 1, agreeing: 44, expected: 0.9)
      #expect(few.isEmpty && rail.floor == 0, "too few to judge")
      rail = SafetyRail()
      var raised: [Double] = []
      for block in 0 ..< 100 {
        raised += note(
          &rail,
          1,
          agreeing: block * agreeing / 100 < (block + 1) * agreeing / 100 ? 1 : 0,
          expected: 0.9
        )
      }
      #expect(raised.isEmpty != isDrift, "\(agreeing) of 100 agree")
      #expect(rail.floor == (isDrift ? 0.35 : 0))
    }
  }

  /// What checks leave of effort at least is priced where somebody waits, as soon as it is raised.
  @Test func aRaisedFloorIsPriced() throws {
    let bench = try Workbench()
    var engine = bench.engine()
    let request = Request.test(1, .classify(EncodeParameters()), on: Workbench.encoder)
    let intake = engine.lanes[1].intake(for: request.task)
    let sequence = Sequence(request, lane: 1, intake: intake)
    let curve = try #require(engine.lanes[1].curve(for: request.task))
    #expect(engine.leastShare(engine.lanes[1], sequence) == curve.points[0].share)
    _ = note(&engine.lanes[1].rail, 60, agreeing: 0, expected: 0.9, effort: 0.65)
    let floor = engine.lanes[1].rail.floor
    #expect(floor == 0.75)
    let share = engine.leastShare(engine.lanes[1], sequence)
    #expect(share == curve.point(at: floor).share && share > curve.points[0].share)
  }

  /// Tenths of effort are judged apart.
  @Test func tenthsAreJudgedApart() {
    var rail = SafetyRail()
    #expect(note(&rail, 40, agreeing: 0, expected: 0.9, effort: 0.25).isEmpty)
    #expect(note(&rail, 40, agreeing: 40, expected: 0.9, effort: 0.55).isEmpty)
    #expect(note(&rail, 10, agreeing: 0, expected: 0.9, effort: 0.25) == [0.35])
    #expect(rail.floor == 0.35 && rail.tallies[5].count == 40 && rail.tallies[2].count == 0)
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
