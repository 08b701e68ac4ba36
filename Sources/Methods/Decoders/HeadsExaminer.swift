import Tensors

/// Measures taught heads on texts: what all exits say at full depth, and what policies come to.
struct HeadsExaminer {
  /// What both kinds of heads say about the same texts.
  struct Examined: Sendable {
    var joined = ExitVerdicts(exits: [])
    var plain = ExitVerdicts(exits: [])
  }

  private let pass: DecoderPass
  private let plain: TokenHeads<Float>
  private let joined: TokenHeads<Float>
  private let settings: HeadSettings
  private let crew: Crew<Float>

  init(
    _ pass: DecoderPass,
    plain: TokenHeads<Float>,
    joined: TokenHeads<Float>,
    _ settings: HeadSettings,
    _ crew: Crew<Float>
  ) {
    self.pass = pass
    self.plain = plain
    self.joined = joined
    self.settings = settings
    self.crew = crew
  }

  /// What all exits say, from one pass.
  func examine(
    _ texts: [TokenizedText],
    _ stage: String,
    hears: (HeadsFit.Progress) -> Void
  ) -> Examined {
    var examined = Examined()
    let (pass, sets) = (pass, [joined, plain])
    DecoderRounds(texts).each(
      crew,
      hears: { hears(.init(stage: "\(stage): full depth", done: $0, total: texts.count)) },
      { batch, tape in DecoderPolicyPass.dense(sets, pass, batch, tape) },
      takes: { found in
        examined.joined.add(found[0])
        examined.plain.add(found[1])
      }
    )
    return examined
  }

  /// Every threshold under both policies.
  func curve(
    _ heads: TokenHeads<Float>,
    _ exits: ExitVerdicts,
    _ texts: [TokenizedText],
    hears: (HeadsFit.Progress) -> Void
  ) -> [PolicyOutcome] {
    // 1 is full depth bit for bit, which `exits` has already.
    let thresholds = settings.thresholds.filter { $0 < 1 }
    let found = propagated(heads, texts, thresholds, hears) + [exits.full]
    return zip(thresholds + [1], found).flatMap { threshold, verdicts in
      [
        outcome(heads, verdicts, exits, texts, threshold, .propagate),
        outcome(heads, exits.deferred(threshold: threshold), exits, texts, threshold, .defer),
      ]
    }
  }

  /// Thresholds from the smallest to the first that is as accurate as was asked for, under both policies.
  ///
  /// The ones above it cost more and are not asked about: a baseline needs no curve.
  func climb(
    _ heads: TokenHeads<Float>,
    _ exits: ExitVerdicts,
    _ texts: [TokenizedText],
    hears: (HeadsFit.Progress) -> Void
  ) -> [PolicyOutcome] {
    let full = full(exits, texts)
    var (all, isReached) = ([PolicyOutcome](), false)
    for threshold in settings.thresholds {
      let deferred = exits.deferred(threshold: threshold)
      all.append(outcome(heads, deferred, exits, texts, threshold, .defer))
      guard !isReached else { continue }
      let own = outcome(heads, exits, texts, threshold, .propagate, hears: hears)
      all.append(own)
      isReached = [own].cheapest(within: settings.loss, of: full.accuracy) != nil
    }
    return all
  }

  /// One threshold under one policy.
  func outcome(
    _ heads: TokenHeads<Float>,
    _ exits: ExitVerdicts,
    _ texts: [TokenizedText],
    _ threshold: Double,
    _ policy: StreamCost.Policy,
    hears: (HeadsFit.Progress) -> Void
  ) -> PolicyOutcome {
    let isRun = policy == .propagate && threshold < 1
    let verdicts =
      isRun
      ? propagated(heads, texts, [threshold], hears)[0] : exits.deferred(threshold: threshold)
    return outcome(heads, verdicts, exits, texts, threshold, policy)
  }

  /// Full depth with the backbone's own head alone: what others are held against.
  func full(_ exits: ExitVerdicts, _ texts: [TokenizedText]) -> PolicyOutcome {
    outcome(joined, exits.full, exits, texts, 1, .propagate)
  }

  private func outcome(
    _ heads: TokenHeads<Float>,
    _ verdicts: TokenVerdicts,
    _ exits: ExitVerdicts,
    _ texts: [TokenizedText],
    _ threshold: Double,
    _ policy: StreamCost.Policy
  ) -> PolicyOutcome {
    PolicyOutcome(
      verdicts,
      full: exits.full,
      labels: texts.map { $0.labels[0] },
      StreamCost(pass.configuration, heads),
      threshold: threshold,
      policy
    )
  }

  private func propagated(
    _ heads: TokenHeads<Float>,
    _ texts: [TokenizedText],
    _ thresholds: [Double],
    _ hears: (HeadsFit.Progress) -> Void
  ) -> [TokenVerdicts] {
    var all: [TokenVerdicts] = thresholds.map { _ in TokenVerdicts(lengths: []) }
    let policy = DecoderPolicyPass(pass, heads)
    let names = thresholds.map { "\($0)" }.joined(separator: ", ")
    DecoderRounds(texts).each(
      crew,
      hears: { hears(.init(stage: "thresholds \(names)", done: $0, total: texts.count)) },
      { batch, tape in policy.propagate(batch, thresholds: thresholds, tape) },
      takes: { found in for place in found.indices { all[place].add(found[place]) } }
    )
    return all
  }
}
