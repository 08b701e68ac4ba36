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
    for block in inputs.encoder.network.blocks {
      let size = settings.expertSize(of: block)
      guard size > 0, block.neurons % size == 0 else {
        throw FormatError(
          path: model,
          reason:
            "has \(block.neurons) neurons in \(block.name), which experts of \(size) do not divide"
        )
      }
    }
    self.settings = settings
  }

  /// Runs to the end, and writes the directory; an interrupted run goes on where it was, and ends with the same bits.
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
    try EncoderFolder.kind.isReplaceable(target, replacing: replacing)
    let began = ContinuousClock.now
    hears(FrugalProgress(what: "clustering neurons", step: 0, stepsTotal: 1))
    let sizes = inputs.encoder.network.blocks.map { settings.expertSize(of: $0) }
    let network = inputs.encoder.network.split(sizes: sizes, seed: settings.seed)
    let crew = Crew<Float>(count: settings.threads)
    let experts = freshExperts(of: network, sizes: sizes)
    let trainer = RouterTrainer(network, experts, inputs.texts.train, settings, crew)
    let stages = try RunStages(beside: target, of: "experts", notes: notes(network), hears: hears)
    let run = trainer.run(stages.notes)
    let state = stages.place("routers")
    let loss = try run.finish(state, trainer.stepsTotal, "teaching routers", hears) {
      trainer.advance()
    }
    var meter = ExpertsMeter(
      network: network,
      experts: experts,
      baseline: inputs.baseline,
      texts: inputs.texts,
      labels: (inputs.set.choose.items.map(\.labels), inputs.set.test.items.map(\.labels)),
      plan: inputs.plan,
      crew: crew,
      stages: stages
    )
    try meter.measure()
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
    stages.end()
    return result
  }

  /// What a run follows from.
  private func notes(_ network: EncoderNetwork<Float>) -> [(name: String, value: String)] {
    let (texts, plan) = (inputs.texts, inputs.plan)
    func origin(_ own: [TokenizedText], _ model: EncoderNetwork<Float>) -> String {
      EncoderTrainer.origin(of: own, model, beside: model.parameters)
    }
    return [
      ("settings", settings.fingerprint),
      ("projections", "\(settings.projectionExpertSize) \(settings.projectionHidden)"),
      ("plan", "\(plan.taus) \(plan.shareTaus) \(plan.shares) \(plan.curveExamples)"),
      ("origin", origin(texts.train, network)),
      ("choose", EncoderTrainer.origin(of: texts.choose)),
      ("test", origin(texts.test, inputs.baseline)),
    ]
  }

  private func freshExperts(of network: EncoderNetwork<Float>, sizes: [Int]) -> ExpertLayers {
    var random = SeededRandom(seed: settings.seed ^ 0x5EED)
    let routers = zip(network.blocks, sizes).map { block, size in
      let shape = RouterShape(
        width: network.configuration.width,
        hidden: block.projection == nil ? settings.hidden : settings.projectionHidden,
        experts: block.neurons / size
      )
      return Router<Float>(freshFor: block.layer, projection: block.projection, shape, &random)
    }
    return ExpertLayers(sizes: sizes, routers: routers, of: network)
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
  /// As `TrainingState` saves it, with what tells it from others.
  func run(_ notes: [(name: String, value: String)]) -> TrainingState.Run {
    TrainingState.Run(parameters: parameters, optimizer: optimizer, notes: notes)
  }
}

extension RouterSettings {
  /// Neurons of an expert of a block.
  func expertSize(of block: NeuronBlock<Float>) -> Int {
    block.projection == nil ? expertSize : projectionExpertSize
  }
}
