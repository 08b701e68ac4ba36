import Models
import Support
import Tensors
import Testing

@testable import Methods

/// Leaving early, as it is served.
struct DecoderPolicyTests {
  private let model: TinyDecoder
  private let policy: DecoderPolicyPass
  /// From the first exit on, from sure of all to sure of nothing; then the same with fewer exits allowed.
  private let rules =
    [0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map { ExitRule(threshold: $0) }
    + [(0, 1), (0.6, 1), (0.8, 1), (0, 2)].map { ExitRule(threshold: $0, first: $1) }

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
      let depth = ExitRule.fullDepth(exits: policy.heads.exits)
      for rule in [ExitRule(threshold: 1), depth] {
        #expect(policy.propagate(batch, [rule], TinyDecoder.tape) == [dense.full])
        #expect(dense.deferred(rule) == dense.full)
      }
      #expect(dense.full.exits.allSatisfy { $0 == own.configuration.layers - 1 })
    }
  }

  @Test func atThresholdZeroAllLeaveAtTheFirstExitAllowed() {
    let batch = model.batch(model.texts([9, 1, 14]))
    let dense = policy.dense(batch, TinyDecoder.tape)
    for first in 0 ..< policy.heads.exits {
      let rule = ExitRule(threshold: 0, first: first)
      #expect(policy.propagate(batch, [rule], TinyDecoder.tape) == [dense.exits[first]])
      #expect(dense.deferred(rule) == dense.exits[first])
      #expect(rule.isSameForAll(exits: policy.heads.exits))
    }
  }

  @Test func noTokenLeavesBeforeTheFirstExitAllowed() {
    let batch = model.batch(model.texts([9, 1, 14]))
    let dense = policy.dense(batch, TinyDecoder.tape)
    let found = policy.propagate(batch, rules, TinyDecoder.tape)
    for (rule, verdicts) in zip(rules, found) {
      let deferred = dense.deferred(rule)
      #expect(verdicts.exits.allSatisfy { $0 >= rule.first })
      #expect(deferred.exits.allSatisfy { $0 >= rule.first })
      // Whoever leaves there has met no other that left before.
      let leaving = verdicts.exits.indices.filter { verdicts.exits[$0] == rule.first }
      #expect(leaving == deferred.exits.indices.filter { deferred.exits[$0] == rule.first })
    }
  }

  /// The layer-by-layer simulation is what a daemon would do, token by token.
  @Test(arguments: [true, false])
  func theSimulationIsWhatIsServed(isJoined: Bool) {
    let policy = DecoderPolicyPass(model.pass, model.heads(isJoined: isJoined, scale: 12))
    let texts = model.texts([9, 1, 14, 22])
    let found = policy.propagate(model.batch(texts), rules, TinyDecoder.tape)
    var left = Set<Int>()
    for (rule, verdicts) in zip(rules, found) {
      let served = TokenByToken(model: model, heads: policy.heads, rule: rule)
      let answers = texts.flatMap { served.answers($0) }
      left.formUnion(answers.map(\.exit))
      #expect(verdicts.exits == answers.map(\.exit), "\(rule)")
      #expect(verdicts.classes == answers.map(\.label), "\(rule)")
      let pairs = zip(verdicts.confidences, answers)
      #expect(pairs.allSatisfy { abs($0 - $1.confidence) < 1e-3 }, "\(rule)")
    }
    #expect(left.count == model.configuration.layers, "the heads use exits \(left) alone")
  }

  @Test func whatIsAppendedChangesNoEarlierVerdict() {
    let text = model.texts([20])[0]
    let whole = policy.propagate(model.batch([text]), rules, TinyDecoder.tape)
    let rule = ExitRule(threshold: 0.6, first: 1)
    let deferred = policy.dense(model.batch([text]), TinyDecoder.tape).deferred(rule)
    for count in [1, 7, 19] {
      let batch = model.batch([Array(text.prefix(count))])
      let part = policy.propagate(batch, rules, TinyDecoder.tape)
      for (own, all) in zip(part, whole) {
        #expect(own.exits == Array(all.exits.prefix(count)))
        #expect(own.classes == Array(all.classes.prefix(count)))
      }
      let dense = policy.dense(batch, TinyDecoder.tape).deferred(rule)
      #expect(dense.exits == Array(deferred.exits.prefix(count)))
    }
  }

  @Test func severalRulesAreEachAlone() {
    let batch = model.batch(model.texts([9, 14]))
    let together = policy.propagate(batch, rules, TinyDecoder.tape)
    for (rule, own) in zip(rules, together) {
      #expect(policy.propagate(batch, [rule], TinyDecoder.tape) == [own])
    }
  }

  /// What tokens say at full depth is fixed under `defer`, so that its cost can only rise with the threshold; so do the ends
  /// of `propagate`.
  @Test func costsRiseWithTheThreshold() {
    let batch = model.batch(model.texts([9, 1, 14]))
    let cost = StreamCost(model.configuration, policy.heads)
    let dense = policy.dense(batch, TinyDecoder.tape)
    let rules = Array(rules.prefix(8))
    let costs = rules.map { dense.deferred($0).macs(cost, .defer) }
    #expect(zip(costs, costs.dropFirst()).allSatisfy { $0 <= $1 } && costs[0] < costs[7])
    let found = policy.propagate(batch, rules, TinyDecoder.tape)
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
      ExitRule(threshold: 0.5),
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
          ExitRule(threshold: 0, first: exit),
          .propagate
        )
      )
    }
    #expect(outcomes.cheapest(within: 0.01, of: 1)?.rule.first == 1)
    #expect(outcomes.cheapest(within: 0.04, of: 1)?.rule.first == 0)
    #expect(outcomes.cheapest(within: 0, of: 1)?.rule.first == 2)
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
