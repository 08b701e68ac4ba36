import Foundation
public import Models
import Tensors

/// Makes the feed-forward layers of a fitted encoder experts, and teaches routers to pick them.
///
/// Writes the encoder with its neurons in order, routers, what each level of effort buys, and a report.
/// arXiv:2310.04361: balanced clusters of up rows, routers regressed on output norms, experts picked relative to the
/// strongest.
public struct ExpertsPass {
  private let inputs: PassInputs
  private let settings: RouterSettings

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
    inputs = try PassInputs(model: model, set, baseline: baseline, plan)
    guard inputs.encoder.exits == nil else {
      throw FormatError(
        path: model,
        reason:
          "has exits, which were taught without experts; make experts first, and exits of them"
      )
    }
    let neurons = inputs.encoder.network.configuration.ffnWidth
    guard settings.expertSize > 0, neurons % settings.expertSize == 0 else {
      throw FormatError(
        path: model,
        reason:
          "has \(neurons) neurons a layer, which experts of \(settings.expertSize) do not divide"
      )
    }
    self.settings = settings
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
    let count = inputs.encoder.network.configuration.ffnWidth / settings.expertSize
    let network = inputs.encoder.network.split(experts: count, seed: settings.seed)
    let crew = Crew<Float>(count: settings.threads)
    let experts = freshExperts(of: network, count: count)
    let trainer = RouterTrainer(network, experts, inputs.texts.train, settings, crew)
    let loss = try teach(trainer, state: "\(target).run", hears)
    var meter = ExpertsMeter(
      network: network,
      experts: experts,
      baseline: inputs.baseline,
      texts: inputs.texts,
      labels: (inputs.set.choose.items.map(\.labels), inputs.set.test.items.map(\.labels)),
      plan: inputs.plan,
      crew: crew,
      hears: hears
    )
    meter.measure()
    var encoder = FrugalEncoder(network: network, experts: experts)
    encoder.effort = meter.effort
    let result = result(meter, loss: loss, since: began)
    let page = meter.report(facts: inputs.facts(settings: settings.fingerprint, result))
    try encoder.write(
      to: target,
      inputs.source,
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
    let run = trainer.run(origin: EncoderTrainer.origin(of: inputs.texts.train, trainer.network))
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

  private func result(
    _ meter: ExpertsMeter,
    loss: Double,
    since began: ContinuousClock.Instant
  ) -> JSON {
    .object(
      inputs.members(settings: settings.fingerprint, since: began)
        + [.init("router_loss", .number(loss))] + meter.members
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
