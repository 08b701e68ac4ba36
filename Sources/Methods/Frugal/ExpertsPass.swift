import Foundation
public import Models
import Tensors

/// Makes the feed-forward layers of a fitted encoder experts, and teaches routers to pick them.
///
/// Writes the encoder with its neurons in order, routers, what each level of effort buys, and a report.
/// arXiv:2310.04361; METHODS of the project: balanced clusters of up rows, routers regressed on output norms, experts
/// picked relative to the strongest.
public struct ExpertsPass {
  private let source: Checkpoint
  private let set: LearningSet
  private let settings: RouterSettings
  private let plan: FrugalPlan
  private let texts: FrugalTexts
  private let original: EncoderNetwork<Float>
  private let baseline: EncoderNetwork<Float>
  private let baselinePath: String

  /// Opens models and tokenizes the text.
  ///
  /// - Parameters:
  ///   - model: a directory that `mete fit` wrote, best with sparse neurons.
  ///   - set: the data that it was fitted to.
  ///   - baseline: a fitted directory that accuracies are held against; nil is the model itself.
  ///   - settings: of splitting and teaching.
  ///   - plan: what is measured.
  /// - Throws: `FormatError` if a model does not fit the data.
  public init(
    model: String,
    _ set: LearningSet,
    baseline: String?,
    _ settings: RouterSettings,
    _ plan: FrugalPlan
  ) throws(FormatError) {
    BLAS.setThreads(1)
    source = try Checkpoint.open(path: model)
    let encoder = try FrugalEncoder(source, labels: set.labels)
    guard encoder.exits == nil else {
      throw FormatError(
        path: model,
        reason:
          "has exits, which were taught without experts; make experts first, and exits of them"
      )
    }
    original = encoder.network
    let neurons = original.configuration.ffnWidth
    guard settings.expertSize > 0, neurons % settings.expertSize == 0 else {
      throw FormatError(
        path: model,
        reason:
          "has \(neurons) neurons a layer, which experts of \(settings.expertSize) do not divide"
      )
    }
    baselinePath = baseline ?? model
    self.baseline =
      try baseline.map { (path) throws(FormatError) in
        try FrugalEncoder(try Checkpoint.open(path: path), labels: set.labels).network
      } ?? encoder.network
    texts = try FrugalTexts(set, source, tokensMax: plan.tokensMax)
    (self.set, self.settings, self.plan) = (set, settings, plan)
  }

  /// Runs to the end, and writes the directory; an interrupted run goes on where it was last saved.
  ///
  /// - Parameters:
  ///   - target: the directory to make.
  ///   - replacing: whether a fitted model that is there makes way.
  ///   - hears: is told after every step.
  /// - Returns: what `experts.json` says.
  /// - Throws: `FormatError` if something cannot be written.
  public func run(
    to target: String,
    replacing: Bool,
    hears: @escaping (FrugalProgress) -> Void = { _ in }
  ) throws(FormatError) -> JSON {
    try EncoderFolder.check(target, replacing: replacing)
    let began = ContinuousClock.now
    hears(FrugalProgress(what: "clustering neurons", step: 0, stepsTotal: 1))
    let count = original.configuration.ffnWidth / settings.expertSize
    let network = original.split(experts: count, seed: settings.seed)
    let crew = Crew<Float>(count: settings.threads)
    let experts = freshExperts(of: network, count: count)
    let trainer = RouterTrainer(network, experts, texts.train, settings, crew)
    let loss = try teach(trainer, state: "\(target).run", hears)
    var meter = ExpertsMeter(
      network: network,
      experts: experts,
      baseline: baseline,
      texts: texts,
      labels: (set.choose.items.map(\.labels), set.test.items.map(\.labels)),
      plan: plan,
      crew: crew,
      hears: hears
    )
    meter.measure()
    var encoder = FrugalEncoder(network: network, experts: experts)
    encoder.effort = meter.effort
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    let result = result(meter, loss: loss, seconds: seconds)
    let page = meter.report(facts: facts(result))
    try encoder.write(
      to: target,
      source,
      result: (name: "experts.json", json: result),
      pages: page.files,
      replacing: replacing
    )
    try? FileManager.default.removeItem(atPath: "\(target).run")
    return result
  }

  private func freshExperts(of network: EncoderNetwork<Float>, count: Int) -> ExpertLayers {
    let shape = RouterShape(
      width: network.configuration.width,
      hidden: settings.hidden,
      experts: count
    )
    var random = SeededRandom(seed: settings.seed ^ 0x5EED)
    let routers = network.layers.indices.map { Router<Float>(freshFor: $0, shape, &random) }
    return ExpertLayers(size: settings.expertSize, routers: routers, of: network)
  }

  private func teach(
    _ trainer: RouterTrainer,
    state: String,
    _ hears: (FrugalProgress) -> Void
  ) throws(FormatError) -> Double {
    let run = trainer.run(origin: EncoderTrainer.origin(of: texts.train, trainer.network))
    _ = try TrainingState.resume(run, from: state)
    let clock = ContinuousClock()
    var (saved, learning, tokens, losses) = (clock.now, Duration.zero, 0, [Double]())
    while true {
      let began = clock.now
      guard let step = trainer.advance() else { break }
      learning += clock.now - began
      tokens += step.tokens
      losses.append(step.loss)
      hears(
        FrugalProgress(
          what: "teaching routers",
          step: trainer.optimizer.stepCount,
          stepsTotal: trainer.stepsTotal,
          loss: losses.suffix(50).reduce(0, +) / Double(min(50, losses.count)),
          tokensPerSecond: Double(tokens) / (learning / .seconds(1))
        )
      )
      if (clock.now - saved) / .seconds(1) > EncoderFit.saveSeconds, !trainer.isFinished {
        try TrainingState.save(run, to: state)
        saved = clock.now
      }
    }
    return losses.suffix(50).reduce(0, +) / Double(max(1, min(50, losses.count)))
  }

  private func facts(_ result: JSON) -> [(name: String, value: String)] {
    let seconds = result["seconds"]?.number ?? 0
    return [
      ("model", source.name), ("data", set.train.name),
      (
        "examples",
        "\(set.train.items.count) to learn from, \(set.choose.items.count) to choose by, \(set.test.items.count) to test"
      ),
      ("held against", baselinePath), ("settings", settings.fingerprint),
      ("texts are cut to", "\(plan.tokensMax) tokens"),
      ("time", "\(HTML.number(seconds / 60)) minutes"),
    ]
  }

  private func result(_ meter: ExpertsMeter, loss: Double, seconds: Double) -> JSON {
    .object(
      [
        .init("model", .string(Array(source.name.utf8))),
        .init("baseline", .string(Array(baselinePath.utf8))),
        .init("data", .string(Array(set.train.name.utf8))),
        .init("train", .integer(texts.train.count)),
        .init("settings", .string(Array(settings.fingerprint.utf8))),
        .init("tokens_max", .integer(plan.tokensMax)),
        .init("router_loss", .number(loss)), .init("seconds", .number(seconds)),
      ] + meter.members
    )
  }
}

extension RouterTrainer {
  /// As `TrainingState` saves it.
  func run(origin: String) -> TrainingState.Run {
    TrainingState.Run(
      parameters: parameters,
      optimizer: optimizer,
      notes: [("settings", settings.fingerprint), ("origin", origin)]
    )
  }
}
