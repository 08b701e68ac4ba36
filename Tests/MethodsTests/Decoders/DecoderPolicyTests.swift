import Models
import Support
import Tensors
import Testing

@testable import Methods

/// Leaving early, as it is served.
struct DecoderPolicyTests {
  private let model: TinyDecoder
  private let policy: DecoderPolicyPass
  private let thresholds = [0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

  init() throws {
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    model = try TinyDecoder(path: "\(folder.path)/llama")
    policy = DecoderPolicyPass(model.pass, model.heads(scale: 12))
  }

  @Test func fullDepthIsThePassBitForBit() throws {
    let batch = model.batch(model.texts([9, 1, 14]))
    for fixture in ["llama-f32", "qwen3", "gpt2", ""] {
      let own = fixture.isEmpty ? model : try TinyDecoder(fixture)
      let policy = DecoderPolicyPass(own.pass, own.heads())
      let batch = fixture.isEmpty ? batch : own.batch(own.texts([9, 1, 14]))
      let dense = policy.dense(batch, TinyDecoder.tape)
      #expect(policy.propagate(batch, thresholds: [1], TinyDecoder.tape) == [dense.full])
      #expect(dense.deferred(threshold: 1) == dense.full)
      #expect(dense.full.exits.allSatisfy { $0 == own.configuration.layers - 1 })
    }
  }

  @Test func atThresholdZeroAllLeaveAtTheFirstExit() {
    let batch = model.batch(model.texts([9, 1, 14]))
    let dense = policy.dense(batch, TinyDecoder.tape)
    #expect(policy.propagate(batch, thresholds: [0], TinyDecoder.tape) == [dense.exits[0]])
    #expect(dense.deferred(threshold: 0) == dense.exits[0])
  }

  /// The layer-by-layer simulation is what a daemon would do, token by token.
  @Test(arguments: [true, false])
  func theSimulationIsWhatIsServed(isJoined: Bool) {
    let policy = DecoderPolicyPass(model.pass, model.heads(isJoined: isJoined, scale: 12))
    let texts = model.texts([9, 1, 14, 22])
    let found = policy.propagate(model.batch(texts), thresholds: thresholds, TinyDecoder.tape)
    var left = Set<Int>()
    for (threshold, verdicts) in zip(thresholds, found) {
      let served = TokenByToken(model: model, heads: policy.heads, threshold: threshold)
      let answers = texts.flatMap { served.answers($0) }
      left.formUnion(answers.map(\.exit))
      #expect(verdicts.exits == answers.map(\.exit), "\(threshold)")
      #expect(verdicts.classes == answers.map(\.label), "\(threshold)")
      let pairs = zip(verdicts.confidences, answers)
      #expect(pairs.allSatisfy { abs($0 - $1.confidence) < 1e-3 }, "\(threshold)")
    }
    #expect(left.count == model.configuration.layers, "the heads use exits \(left) alone")
  }

  @Test func whatIsAppendedChangesNoEarlierVerdict() {
    let text = model.texts([20])[0]
    let whole = policy.propagate(model.batch([text]), thresholds: thresholds, TinyDecoder.tape)
    let deferred = policy.dense(model.batch([text]), TinyDecoder.tape).deferred(threshold: 0.6)
    for count in [1, 7, 19] {
      let batch = model.batch([Array(text.prefix(count))])
      let part = policy.propagate(batch, thresholds: thresholds, TinyDecoder.tape)
      for (own, all) in zip(part, whole) {
        #expect(own.exits == Array(all.exits.prefix(count)))
        #expect(own.classes == Array(all.classes.prefix(count)))
      }
      let dense = policy.dense(batch, TinyDecoder.tape).deferred(threshold: 0.6)
      #expect(dense.exits == Array(deferred.exits.prefix(count)))
    }
  }

  @Test func severalThresholdsAreEachAlone() {
    let batch = model.batch(model.texts([9, 14]))
    let together = policy.propagate(batch, thresholds: thresholds, TinyDecoder.tape)
    for (threshold, own) in zip(thresholds, together) {
      #expect(policy.propagate(batch, thresholds: [threshold], TinyDecoder.tape) == [own])
    }
  }

  /// What tokens say at full depth is fixed under `defer`, so that its cost can only rise with the threshold; so do the ends
  /// of `propagate`.
  @Test func costsRiseWithTheThreshold() {
    let batch = model.batch(model.texts([9, 1, 14]))
    let cost = StreamCost(model.configuration, policy.heads)
    let dense = policy.dense(batch, TinyDecoder.tape)
    let costs = thresholds.map { dense.deferred(threshold: $0).macs(cost, .defer) }
    #expect(zip(costs, costs.dropFirst()).allSatisfy { $0 <= $1 } && costs[0] < costs[7])
    let found = policy.propagate(batch, thresholds: thresholds, TinyDecoder.tape)
    let propagated = found.map { $0.macs(cost, .propagate) }
    #expect(propagated.allSatisfy { propagated[0] <= $0 && $0 <= propagated[7] })
    #expect(propagated[7] == costs[7])
    let plain = [9, 1, 14].reduce(0) { $0 + cost.dense(tokens: $1) }
    #expect(propagated[0] < plain && propagated[7] > plain, "exits are paid for")
  }

  @Test func outcomesCountWhatIsRight() {
    var verdicts = TokenVerdicts(lengths: [4, 1])
    verdicts.classes = [0, 1, 2, 1, 0]
    verdicts.exits = [0, 1, 1, 0, 2]
    #expect(verdicts.classes(after: 0.25) == [0, 0])
    #expect(verdicts.classes(after: 0.5) == [1, 0])
    #expect(verdicts.classes(after: 0.51) == [2, 0])
    var full = verdicts
    full.classes = [0, 1, 2, 2, 0]
    full.exits = [2, 2, 2, 2, 2]
    let cost = StreamCost(model.configuration, policy.heads)
    let outcome = PolicyOutcome(
      verdicts,
      full: full,
      labels: [1, 1],
      cost,
      threshold: 0.5,
      .propagate
    )
    #expect(outcome.accuracies == [0, 0.5, 0.5] && outcome.isRightAtEnd == [true, false])
    #expect(outcome.agreement == 0.8 && outcome.exits == [2, 2, 1])
    let dense = cost.dense(tokens: 4) + cost.dense(tokens: 1)
    #expect(outcome.macs == Double(verdicts.macs(cost, .propagate)) / Double(dense))
  }

  @Test func theCheapestWithinALossIsChosen() {
    var outcomes: [PolicyOutcome] = []
    let cost = StreamCost(model.configuration, policy.heads)
    for (exit, right) in [(0, 96), (1, 99), (2, 100)] {
      var verdicts = TokenVerdicts(lengths: [Int](repeating: 1, count: 100))
      verdicts.exits = [Int](repeating: exit, count: 100)
      for place in right ..< 100 { verdicts.classes[place] = 1 }
      outcomes.append(
        PolicyOutcome(
          verdicts,
          full: verdicts,
          labels: [Int](repeating: 0, count: 100),
          cost,
          threshold: Double(exit),
          .propagate
        )
      )
    }
    #expect(outcomes.cheapest(within: 0.01, of: 1)?.threshold == 1)
    #expect(outcomes.cheapest(within: 0.04, of: 1)?.threshold == 0)
    #expect(outcomes.cheapest(within: 0, of: 1)?.threshold == 2)
    #expect(outcomes[..<1].cheapest(within: 0, of: 1) == nil)
  }

  @Test func aDifferenceIsThatOfTheSameExamples() {
    let first = [true, true, false, true] + [Bool](repeating: true, count: 96)
    let second = [true, false, false, false] + [Bool](repeating: true, count: 96)
    let difference = PairedDifference(first, minus: second)
    #expect(abs(difference.mean - 0.02) < 1e-12)
    // The deviation of two ones among a hundred, over the root of a hundred.
    #expect(abs(difference.margin - 1.96 * (0.02 * 0.98 / 99).squareRoot()) < 1e-12)
    #expect(PairedDifference(first, minus: first) == PairedDifference(second, minus: second))
  }
}
