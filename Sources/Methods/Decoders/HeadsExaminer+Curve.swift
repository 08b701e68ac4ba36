import Models
import Tensors

extension HeadsExaminer {
  /// What every threshold comes to with every exit as the first, on texts that a rule is chosen by.
  ///
  /// Under `defer` all of it follows from what the exits say at full depth. Under `propagate` a rule is a pass through the model
  /// of its own: the state of a token that stays depends on which others have left. With six exits and six thresholds above 0
  /// that would be thirty passes for each kind of heads, over an hour of processor time for SmolLM2-135M and 2,000 tweets and
  /// more than all the rest together, most of it for nothing: nobody serves a rule that costs more than another that loses
  /// nothing. So only those are run that may be worth it:
  ///
  /// - "always after this exit" is known for every exit without a run, its work and its accuracy; the cheapest of these that
  ///   loses no more than `loss` is the limit, and full depth at the most;
  /// - what another rule would cost is known closely from `defer`: the tokens that leave at its first exit are the same
  ///   tokens, and of those that stay about as many leave later. Rules that would cost as much as the limit are left out;
  /// - of the others at most `HeadSettings.runsMax` are run, the cheapest, in one pass that shares the layers up to the first
  ///   exits.
  ///
  /// The estimate only says what is run; what is reported and chosen by is what the runs cost.
  ///
  /// - Parameters:
  ///   - heads: one of both kinds.
  ///   - exits: what they say at full depth.
  ///   - texts: that it was said about.
  ///   - loss: in shares of the texts.
  ///   - hears: is told how far it is.
  /// - Returns: by first exit and threshold, `propagate` before `defer`.
  /// - Throws: `FormatError` if what an earlier run kept is another's, or cannot be read.
  func curve(
    _ heads: TokenHeads<Float>,
    _ exits: ExitVerdicts,
    _ texts: [TokenizedText],
    loss: Double,
    hears: (HeadsFit.Progress) -> Void
  ) throws(FormatError) -> [PolicyOutcome] {
    let rules = ExitRule.grid(settings.thresholds, exits: heads.exits)
    var known: [ExitRule: PolicyOutcome] = [:]
    for rule in rules where rule.isSameForAll(exits: heads.exits) {
      known[rule] = outcome(heads, exits.deferred(rule), exits, texts, rule, .propagate)
    }
    let limit = known.values.cheapest(within: loss, of: full(exits, texts).accuracy)
    let run = worthIt(heads, exits, rules.filter { known[$0] == nil }, below: limit?.macs ?? 1)
    for (rule, verdicts) in zip(run, try propagated(heads, texts, run, "choosing", hears)) {
      known[rule] = outcome(heads, verdicts, exits, texts, rule, .propagate)
    }
    return rules.flatMap { rule in
      let deferred = outcome(heads, exits.deferred(rule), exits, texts, rule, .defer)
      return (known[rule].map { [$0] } ?? []) + [deferred]
    }
  }

  /// The rules that would cost less than a share of full depth under `propagate`, the cheapest first.
  private func worthIt(
    _ heads: TokenHeads<Float>,
    _ exits: ExitVerdicts,
    _ rules: [ExitRule],
    below share: Double
  ) -> [ExitRule] {
    let cost = StreamCost(pass.configuration, heads)
    let dense = exits.full.lengths.reduce(0) { $0 + cost.dense(tokens: $1) }
    let estimates = rules.map { rule in
      (rule: rule, macs: exits.deferred(rule).macs(cost, from: rule.first, .propagate))
    }
    let cheap = estimates.filter { Double($0.macs) < share * Double(dense) }
    return cheap.sorted { $0.macs < $1.macs }.prefix(HeadSettings.runsMax).map(\.rule)
  }
}
