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

  /// What thresholds come to, from the smallest on: under `defer` all, under `propagate` up to the first that loses no more
  /// than `loss` against full depth, and full depth itself.
  ///
  /// A threshold above that one costs more and gains at most `loss`; each is a pass over the texts, so they are not asked about.
  ///
  /// - Parameters:
  ///   - heads: one of both kinds.
  ///   - exits: what they say at full depth.
  ///   - texts: that it was said about.
  ///   - loss: in shares of the texts.
  ///   - hears: is told how far it is.
  /// - Returns: ascending by threshold, `propagate` before `defer`.
  func curve(
    _ heads: TokenHeads<Float>,
    _ exits: ExitVerdicts,
    _ texts: [TokenizedText],
    loss: Double,
    hears: (HeadsFit.Progress) -> Void
  ) -> [PolicyOutcome] {
    let accuracy = full(exits, texts).accuracy
    var (all, isReached) = ([PolicyOutcome](), false)
    for threshold in settings.thresholds {
      if !isReached || threshold == 1 {
        let own = outcome(heads, exits, texts, threshold, .propagate, hears: hears)
        all.append(own)
        isReached = [own].cheapest(within: loss, of: accuracy) != nil
      }
      let deferred = exits.deferred(threshold: threshold)
      all.append(outcome(heads, deferred, exits, texts, threshold, .defer))
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
    // 0 is the first exit and 1 full depth, bit for bit, which `exits` has already.
    let isRun = policy == .propagate && threshold > 0 && threshold < 1
    let verdicts =
      isRun
      ? propagated(heads, texts, threshold, hears) : exits.deferred(threshold: threshold)
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
    _ threshold: Double,
    _ hears: (HeadsFit.Progress) -> Void
  ) -> TokenVerdicts {
    var all = TokenVerdicts(lengths: [])
    let policy = DecoderPolicyPass(pass, heads)
    let stage = "threshold \(threshold) of \(heads.isJoined ? "joined" : "plain") heads"
    DecoderRounds(texts).each(
      crew,
      hears: { hears(.init(stage: stage, done: $0, total: texts.count)) },
      { batch, tape in policy.propagate(batch, thresholds: [threshold], tape)[0] },
      takes: { all.add($0) }
    )
    return all
  }
}
