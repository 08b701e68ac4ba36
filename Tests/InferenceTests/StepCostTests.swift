import Models
import Support
import Testing

@testable import Inference

/// Slices of prefill follow what steps are measured to take.
struct StepCostTests {
  @Test func aLinearMachineIsLearnedExactly() {
    var cost = StepCost()
    #expect(cost.promptMACsMax(beside: 0, within: .seconds(1)) == 0, "nothing was measured")
    // 4 ms, and 1 µs for each MAC.
    for macs in [10, 1000, 5000, 300] {
      cost.learn(macs: macs, took: .microseconds(4000 + macs))
    }
    let found = cost.promptMACsMax(beside: 1000, within: .milliseconds(25))
    #expect(abs(found - 20_000) <= 1, "\(found)")
    let least = cost.promptMACsMax(beside: 2000, within: .milliseconds(7))
    #expect(abs(least - 6000) <= 1, "as long as the answers alone, which leave too little")
  }

  @Test func aMachineThatSlowsDownIsFollowed() {
    var cost = StepCost()
    for step in 0 ..< 50 { cost.learn(macs: step % 2 * 1000, took: .milliseconds(step % 2)) }
    #expect(abs(cost.promptMACsMax(beside: 0, within: .milliseconds(10)) - 10_000) <= 1)
    for step in 0 ..< 100 { cost.learn(macs: step % 2 * 1000, took: .milliseconds(5 * (step % 2))) }
    #expect(abs(cost.promptMACsMax(beside: 0, within: .milliseconds(10)) - 2000) <= 1)
  }

  @Test func equalStepsLeaveTheSlopeAlone() {
    var cost = StepCost()
    for macs in [1000, 2000] { cost.learn(macs: macs, took: .microseconds(4000 + macs)) }
    // An answer runs on: what its steps take wavers, and their work hardly grows.
    for step in 0 ..< 100 {
      cost.learn(macs: 1000 + step, took: .microseconds(5000 + step % 3 * 100))
    }
    // The first few still have the second step to compare with, and their wavering moves the slope a little.
    let slope = cost.secondsPerMAC ?? 0
    #expect(abs(slope - 1e-6) < 2e-7, "\(slope)")
    for step in 0 ..< 100 { cost.learn(macs: 1100 + step, took: .milliseconds(90 + step % 3)) }
    #expect(cost.secondsPerMAC == slope, "steps that are alike teach nothing about it")
  }

  @Test func stepsOfAnswersThatJoinTellWhatARowTakes() {
    var cost = StepCost()
    // No step goes without prompts while newcomers queue up.
    for answers in 0 ..< 60 {
      cost.learn(macs: 100 * answers + 800, took: .microseconds(2000 + 100 * answers + 800))
    }
    let found = cost.promptMACsMax(beside: 6000, within: .milliseconds(5))
    #expect(abs(found - 8000) <= 1, "\(found)")
  }

  @Test func aClockThatStandsStillMakesAllFree() {
    var cost = StepCost()
    cost.learn(macs: 10, took: .zero)
    cost.learn(macs: 100, took: .zero)
    #expect(cost.promptMACsMax(beside: 10, within: .milliseconds(1)) == .max)
  }

  @Test func aSliceTakesAFewRowsWhateverTheyCost() throws {
    let cost = Cost(try Workbench().llama.configuration)
    var slice = Slice(rows: 100, macs: 0)
    #expect(slice.take(50, from: 0, cost, scored: false) == StepCost.rowsMin)
    #expect(slice.take(50, from: 0, cost, scored: false) == 0)
    #expect(slice.macsTaken == cost.causalRows(start: 0, count: StepCost.rowsMin))
    slice = Slice(rows: 5, macs: nil)
    #expect(slice.take(50, from: 9, cost, scored: true) == 5)
    #expect(slice.macsTaken == cost.causalRows(start: 9, count: 5) + 5 * cost.head)
  }

  /// A machine on which a layer takes 0.5 ms, and about 0.1 ms more for each of its rows: as their MACs are.
  private func slow(_ bench: Workbench, _ watch: Watch) {
    let cost = Cost(bench.llama.configuration)
    let price = 100_000 / Double(cost.row(positions: 100))
    bench.betweenLayers = { _ in
      let macs = watch.sequences.values.reduce(0) {
        $0 + cost.causalRows(start: $1.position, count: $1.flight?.rows ?? 0)
      }
      bench.now += .nanoseconds(500_000 + Int(price * Double(macs)))
      return []
    }
  }

  private final class Watch { var sequences: [SequenceID: Sequence] = [:] }

  @Test(arguments: [8, 10, 20])
  func noStepIsLongerThanStatedWhileAnAnswerRuns(milliseconds: Int) throws {
    let bench = try Workbench()
    let watch = Watch()
    slow(bench, watch)
    var limits = EngineLimits()
    limits.stepMax = .milliseconds(milliseconds)
    var engine = bench.engine(limits)
    var random = SplitMix64(seed: 1)
    var orders: [Order] = [.open(.test(1, endless(100)))]
    orders += [.input(SequenceID(1), .tokens([1, 2, 3]), weight: 1)]
    var (last, turn, longest) = (1 as UInt64, 0, Duration.zero)
    repeat {
      watch.sequences = engine.sequences
      let began = bench.now
      let emissions = engine.turn(orders)
      bench.record(emissions)
      orders = emissions.filter(\.takesSlot).map { .credit($0.id, slots: 1) }
      // A prompt is closed a turn after it came, so that the watch knows it when its rows run.
      if turn % 10 == 0 { orders.append(.endOfInput(SequenceID(last))) }
      if turn % 10 == 9, last < 6 {
        last += 1
        let tokens = Piece.tokens(randomTokens(200, using: &random))
        orders.append(.open(.test(last, endless(1), tenant: "t\(last)")))
        orders.append(.input(SequenceID(last), tokens, weight: 1))
      }
      longest = max(longest, bench.now - began)
      turn += 1
    } while engine.hasWork || !orders.isEmpty
    #expect(longest <= limits.stepMax * 1.05, "the longest step took \(longest)")
    #expect(longest >= limits.stepMax * 0.8, "the time is used: \(longest)")
    for id in 1 ... last { #expect(bench.ending(SequenceID(id)) != nil) }
    #expect(engine.booksBalance)
  }

  @Test func promptsTakeWholeStepsWhileNoAnswerRuns() throws {
    let bench = try Workbench()
    let watch = Watch()
    slow(bench, watch)
    var engine = bench.engine()
    bench.emptyTurn(&engine, [.open(.test(1, endless(1)))])
    let piece = Piece.tokens([Int32](repeating: 7, count: 200))
    bench.emptyTurn(&engine, [.input(SequenceID(1), piece, weight: 1)])
    watch.sequences = engine.sequences
    bench.emptyTurn(&engine, [.endOfInput(SequenceID(1))])
    #expect(engine.counters.layersHistogram.last == 200, "all in one step")
    #expect(bench.now > EngineLimits().stepMax, "although it takes longer")
    #expect(bench.ending(SequenceID(1))?.outcome == .finished(.length))
  }
}
