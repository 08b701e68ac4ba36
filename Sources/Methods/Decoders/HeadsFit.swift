public import Models
import Tensors

/// Teaches exit heads of a frozen language model that classify at every token: from a model and labelled text to a folder.
public struct HeadsFit {
  /// What a watcher hears.
  public struct Progress: Sendable {
    /// What is being done.
    public var stage: String
    /// Texts or steps of the stage that are done.
    public var done: Int
    /// Texts or steps of the stage.
    public var total: Int
    /// Mean loss of an exit in the last step, while heads learn.
    public var loss: Double?
  }

  /// What came out.
  public struct Outcome: Sendable {
    /// A rule that was chosen on the choosing part, and what it comes to on test.
    public struct Row: Sendable {
      /// ZTW, whose heads are joined, or SDN, whose heads are plain.
      public var method: String
      /// On test.
      public var outcome: PolicyOutcome
      /// How much more often it is right than full depth.
      public var difference: PairedDifference
      /// What was answered at every token.
      var verdicts: TokenVerdicts
      /// What tokens that left at each exit take together, as a share of what full depth takes for them.
      var work: [Double]
    }

    /// What `fit.json` says.
    public var report: JSON
    /// How many layers a row has gone through at each exit.
    public var layers: [Int]
    /// Full depth on test.
    public var full: PolicyOutcome
    /// Both methods under both policies; ZTW under `propagate` first.
    public var rows: [Row]
    /// What the folder offers to serve: ZTW under `propagate`.
    public var chosen: PolicyOutcome { rows[0].outcome }
  }

  private let source: Checkpoint
  private let set: LearningSet
  private let settings: HeadSettings
  private let configuration: LlamaConfiguration
  private let weights: LlamaWeights
  private let exits: [Int]
  private let train: [TokenizedText]
  private let choose: [TokenizedText]
  private let test: [TokenizedText]
  private let counts: HeadsReport.Counts

  /// Opens the model and tokenizes the text.
  ///
  /// - Parameters:
  ///   - model: a GGUF file or a Hugging Face directory of a language model.
  ///   - set: the three parts; every text has exactly one label.
  ///   - settings: without a fault.
  /// - Throws: `FormatError` if the model cannot be the backbone, a setting does not fit it, or a text has several labels.
  public init(model: String, _ set: LearningSet, _ settings: HeadSettings) throws(FormatError) {
    let source = try Checkpoint.open(path: model)
    guard case .llama(let configuration, let weights) = source.family else {
      throw FormatError(
        path: model,
        reason: "is a \(source.family.name); heads at every token need a language model"
      )
    }
    guard let tokenizer = source.tokenizer, tokenizer.gap == nil else {
      throw FormatError(path: model, reason: "has no tokenizer that text could be read with")
    }
    for part in [set.train, set.choose, set.test] where part.isMultiple {
      let place = part.items.firstIndex { $0.labels.count != 1 } ?? 0
      throw FormatError(
        path: part.name,
        reason: "has \(part.items[place].labels.count) labels at example \(place + 1); "
          + "heads at every token need exactly one"
      )
    }
    do { exits = try settings.exits(of: configuration.layers) } catch {
      throw FormatError(path: model, reason: error.reason)
    }
    var most = settings
    most.tokensMax = min(settings.tokensMax, configuration.positionsMax)
    let reader = TextTokenizer(tokenizer, tokensMax: most.tokensMax)
    let bytesEach = 4 * exits.count * 2 * configuration.width
    let learning = reader.texts(set.train.prefix(settings.examplesMax))
    train = Self.fitting(learning.texts, tokensMax: HeadSettings.cacheBytesMax / bytesEach)
    choose = reader.texts(set.choose).texts
    test = reader.texts(set.test.prefix(settings.testMax)).texts
    counts = HeadsReport.Counts(
      train: train.count,
      trainTokens: train.reduce(0) { $0 + $1.tokens.count },
      trainCut: learning.cutCount,
      trainLeftOut: set.train.items.count - train.count,
      choose: choose.count,
      test: test.count,
      testLeftOut: set.test.items.count - test.count
    )
    (self.source, self.set, self.settings) = (source, set, most)
    (self.configuration, self.weights) = (configuration, weights)
    BLAS.setThreads(1)
  }

  /// The first texts whose rows fit into memory, at least one.
  private static func fitting(_ texts: [TokenizedText], tokensMax: Int) -> [TokenizedText] {
    var tokens = 0
    let count = texts.prefix { text in
      tokens += text.tokens.count
      return tokens <= tokensMax
    }.count
    return Array(texts.prefix(max(1, count)))
  }

  /// Runs to the end, and writes the folder; an interrupted run goes on where it was, and ends with the same bits.
  ///
  /// Rows to learn from, what exits say and every stage of learning lie beside the folder meanwhile, in one with `.run` at its
  /// end: up to `HeadSettings.cacheBytesMax` and a little.
  ///
  /// - Parameters:
  ///   - target: the folder to make.
  ///   - replacing: whether taught heads that are there make way.
  ///   - hears: is told how far it is.
  /// - Returns: what came out, and the report that lies in the folder.
  /// - Throws: `FormatError` if something cannot be written.
  public func run(
    to target: String,
    replacing: Bool,
    hears: (Progress) -> Void = { _ in }
  ) throws(FormatError) -> Outcome {
    try HeadsFolder.kind.isReplaceable(target, replacing: replacing)
    let clock = ContinuousClock()
    let start = clock.now
    let pass = DecoderPass(configuration, weights, tokensMax: settings.tokensMax)
    let crew = Crew<Float>(count: settings.threads)
    let sha256 = source.sha256()
    let stages = try RunStages(beside: target, of: "heads", notes: notes(sha256)) { _ in }
    let (plain, joined, bytes) = try teach(pass, crew, stages, hears)
    let examiner = HeadsExaminer(pass, plain: plain, joined: joined, settings, crew, stages)
    let choosing = try examiner.examine(choose, "choosing", hears: hears)
    // What is served has its curve up to where nothing is lost; the baseline only to its own choice.
    let curve = try examiner.curve(joined, choosing.joined, choose, loss: 0, hears: hears)
    let loss = settings.loss
    let plainCurve = try examiner.curve(plain, choosing.plain, choose, loss: loss, hears: hears)
    let rules = chosen(curve, examiner.full(choosing.joined, choose).accuracy)
    let plainRules = chosen(plainCurve, examiner.full(choosing.plain, choose).accuracy)
    let testing = try examiner.examine(test, "testing", hears: hears)
    let depth = examiner.full(testing.joined, test)
    var rows: [Outcome.Row] = []
    for (name, heads, exits, rules) in [
      ("ZTW", joined, testing.joined, rules), ("SDN", plain, testing.plain, plainRules),
    ] {
      for (policy, rule) in rules {
        let verdicts = try examiner.verdicts(heads, exits, test, rule, policy, hears: hears)
        let outcome = examiner.outcome(heads, verdicts, exits, test, rule, policy)
        rows.append(
          Outcome.Row(
            method: name,
            outcome: outcome,
            difference: PairedDifference(outcome.isRightAtEnd, minus: depth.isRightAtEnd),
            verdicts: verdicts,
            work: verdicts.workByExit(StreamCost(configuration, heads), from: rule.first, policy)
          )
        )
      }
    }
    let report = HeadsReport(
      model: source.name,
      modelSHA256: sha256,
      data: set.train.name,
      labels: set.labels.names,
      exits: exits,
      counts: counts,
      settings: settings,
      cacheBytes: bytes,
      choosing: choosing,
      chooseLabels: choose.map { $0.labels[0] },
      testing: testing,
      testLabels: test.map { $0.labels[0] },
      testTexts: set.test.items.prefix(test.count).map(\.text),
      curve: curve,
      plainCurve: plainCurve,
      full: depth,
      rows: rows,
      seconds: (clock.now - start) / .seconds(1)
    )
    try HeadsFolder.write(
      to: target,
      taught(joined, curve, rules, report),
      report: report.json,
      page: report.page.html,
      replacing: replacing
    )
    stages.end()
    return Outcome(report: report.json, layers: exits, full: depth, rows: rows)
  }

  /// What a run follows from.
  private func notes(_ sha256: String) -> [(name: String, value: String)] {
    [
      ("model", sha256), ("settings", String(decoding: settings.json.text(), as: UTF8.self)),
      ("exits", "\(exits)"), ("labels", "\(set.labels.names)"),
      ("train", EncoderTrainer.origin(of: train)), ("choose", EncoderTrainer.origin(of: choose)),
      ("test", EncoderTrainer.origin(of: test)),
    ]
  }

  /// For each policy the cheapest rule of a curve that loses no more than was allowed.
  private func chosen(_ curve: [PolicyOutcome], _ full: Double) -> [(StreamPolicy, ExitRule)] {
    StreamPolicy.allCases.map { policy in
      let own = curve.filter { $0.policy == policy }
      let rule = own.cheapest(within: settings.loss, of: full)?.rule
      return (policy, rule ?? .fullDepth(exits: exits.count))
    }
  }

  /// Plain and joined heads for rows as they are, and the bytes that their rows took meanwhile.
  private func teach(
    _ pass: DecoderPass,
    _ crew: Crew<Float>,
    _ stages: RunStages,
    _ hears: (Progress) -> Void
  ) throws(FormatError) -> (plain: TokenHeads<Float>, joined: TokenHeads<Float>, bytes: Int) {
    let count = train.count
    var features = try TokenFeatures(pass, train, layers: exits, crew, stages) { done in
      hears(Progress(stage: "reading", done: done, total: count))
    }
    features.standardize()
    let trainer = HeadTrainer(
      settings: settings,
      crew: crew,
      features: features,
      classes: set.labels.count,
      stages: stages
    )
    let plain = try trainer.plain(layers: exits) { step, total, loss in
      let mean = loss / Double(exits.count)
      hears(Progress(stage: "teaching plain heads", done: step, total: total, loss: mean))
    }
    let joined = try trainer.joined(plain) { step, total, loss in
      let mean = loss / Double(exits.count - 1)
      hears(Progress(stage: "teaching joined heads", done: step, total: total, loss: mean))
    }
    let scales = features.scales
    return (plain.rescaled(from: scales), joined.rescaled(from: scales), features.bytes)
  }

  private func taught(
    _ heads: TokenHeads<Float>,
    _ curve: [PolicyOutcome],
    _ rules: [(StreamPolicy, ExitRule)],
    _ report: HeadsReport
  ) -> TaughtHeads {
    TaughtHeads(
      heads: heads,
      modelName: source.name,
      modelSHA256: report.modelSHA256,
      labels: set.labels.names,
      epsilon: configuration.rmsEpsilon,
      tokensMax: settings.tokensMax,
      curve: curve.map {
        TokenExits.Point(
          rule: $0.rule,
          policy: $0.policy,
          accuracy: $0.accuracy,
          agreement: $0.agreement,
          macs: $0.macs
        )
      },
      chosen: Dictionary(uniqueKeysWithValues: rules),
      policy: settings.policy,
      settings: settings.json
    )
  }
}

extension Dataset {
  /// The first examples; all if `count` is nil.
  fileprivate func prefix(_ count: Int?) -> Dataset {
    var copy = self
    if let count { copy.items = Array(items.prefix(count)) }
    return copy
  }
}
