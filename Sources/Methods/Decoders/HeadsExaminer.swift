import Models
import Tensors

/// Measures taught heads on texts: what all exits say at full depth, and what policies come to.
struct HeadsExaminer {
  /// What both kinds of heads say about the same texts.
  struct Examined: Sendable {
    var joined = ExitVerdicts(exits: [])
    var plain = ExitVerdicts(exits: [])
  }

  let pass: DecoderPass
  private let plain: TokenHeads<Float>
  private let joined: TokenHeads<Float>
  let settings: HeadSettings
  private let crew: Crew<Float>
  /// Where what was read is kept.
  private let stages: RunStages

  init(
    _ pass: DecoderPass,
    plain: TokenHeads<Float>,
    joined: TokenHeads<Float>,
    _ settings: HeadSettings,
    _ crew: Crew<Float>,
    _ stages: RunStages = .unkept
  ) {
    self.pass = pass
    self.plain = plain
    self.joined = joined
    self.settings = settings
    self.crew = crew
    self.stages = stages
  }

  /// What all exits say, from one pass.
  ///
  /// - Throws: `FormatError` if what an earlier run kept is another's, or cannot be read.
  func examine(
    _ texts: [TokenizedText],
    _ stage: String,
    hears: (HeadsFit.Progress) -> Void
  ) throws(FormatError) -> Examined {
    var examined = Examined()
    let (pass, sets) = (pass, [joined, plain])
    try DecoderRounds(texts).each(
      crew,
      stages,
      "\(stage)-full",
      as: .verdicts(kinds: sets.count),
      hears: { hears(.init(stage: "\(stage): full depth", done: $0, total: texts.count)) },
      { batch, tape in DecoderPolicyPass.dense(sets, pass, batch, tape) },
      takes: { found in
        examined.joined.add(found[0])
        examined.plain.add(found[1])
      }
    )
    return examined
  }

  /// What one rule under one policy answers.
  ///
  /// - Parameters:
  ///   - heads: one of both kinds.
  ///   - exits: what they say at full depth.
  ///   - texts: that it was said about.
  ///   - rule: when a token leaves.
  ///   - policy: what becomes of the layers left out.
  ///   - hears: is told how far it is.
  /// - Returns: for every token.
  /// - Throws: `FormatError` if what an earlier run kept is another's, or cannot be read.
  func verdicts(
    _ heads: TokenHeads<Float>,
    _ exits: ExitVerdicts,
    _ texts: [TokenizedText],
    _ rule: ExitRule,
    _ policy: StreamPolicy,
    hears: (HeadsFit.Progress) -> Void
  ) throws(FormatError) -> TokenVerdicts {
    let isKnown = policy == .defer || rule.isSameForAll(exits: heads.exits)
    if isKnown { return exits.deferred(rule) }
    return try propagated(heads, texts, [rule], "testing", hears)[0]
  }

  /// Full depth with the backbone's own head alone: what others are held against.
  func full(_ exits: ExitVerdicts, _ texts: [TokenizedText]) -> PolicyOutcome {
    outcome(joined, exits.full, exits, texts, .fullDepth(exits: joined.exits), .propagate)
  }

  /// What verdicts come to beside full depth.
  func outcome(
    _ heads: TokenHeads<Float>,
    _ verdicts: TokenVerdicts,
    _ exits: ExitVerdicts,
    _ texts: [TokenizedText],
    _ rule: ExitRule,
    _ policy: StreamPolicy
  ) -> PolicyOutcome {
    PolicyOutcome(
      verdicts,
      full: exits.full,
      labels: texts.map { $0.labels[0] },
      StreamCost(pass.configuration, heads),
      rule,
      policy
    )
  }

  /// What is answered under `propagate`, for each rule, from one pass; one call for each stage and kind of heads.
  ///
  /// - Throws: `FormatError` if what an earlier run kept is another's, or cannot be read.
  func propagated(
    _ heads: TokenHeads<Float>,
    _ texts: [TokenizedText],
    _ rules: [ExitRule],
    _ stage: String,
    _ hears: (HeadsFit.Progress) -> Void
  ) throws(FormatError) -> [TokenVerdicts] {
    guard !rules.isEmpty else { return [] }
    var all = rules.map { _ in TokenVerdicts(lengths: []) }
    let policy = DecoderPolicyPass(pass, heads)
    let kind = heads.isJoined ? "joined" : "plain"
    let said = "\(stage): \(rules.count) rules of \(kind) heads"
    try DecoderRounds(texts).each(
      crew,
      stages,
      "\(stage)-\(kind)",
      as: .verdicts,
      hears: { hears(.init(stage: said, done: $0, total: texts.count)) },
      { batch, tape in policy.propagate(batch, rules, tape) },
      takes: { found in for place in found.indices { all[place].add(found[place]) } }
    )
    return all
  }
}
