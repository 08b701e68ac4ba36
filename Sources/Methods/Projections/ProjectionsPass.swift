import Foundation
public import Models
import Tensors

/// Replaces the linear maps around a fitted encoder's attention by pairs of layers, so that they can become experts.
///
/// Writes the encoder with what stands for its projections; `mete fit` teaches it on as a whole. arXiv:2310.04361, stage 0.
public struct ProjectionsPass {
  private let inputs: PassInputs
  private let settings: ProjectionSettings

  /// Opens the model and tokenizes the text.
  ///
  /// - Parameters:
  ///   - model: a directory that `mete fit` wrote.
  ///   - set: the data that it was fitted to.
  ///   - settings: of the pairs, and of teaching them.
  ///   - plan: how texts are cut.
  /// - Throws: `FormatError` if the model does not fit the data, or has experts, exits or replaced projections.
  public init(
    model: String,
    _ set: LearningSet,
    _ settings: ProjectionSettings,
    _ plan: FrugalPlan
  ) throws(FormatError) {
    inputs = try PassInputs(model: model, set, baseline: nil, plan)
    let encoder = inputs.encoder
    guard encoder.experts == nil, encoder.exits == nil, encoder.network.projections == nil else {
      throw FormatError(
        path: model,
        reason: "has experts, exits or replaced projections; replace those of what `mete fit` wrote"
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
  /// - Returns: what `projections.json` says.
  /// - Throws: `FormatError` if something cannot be written.
  public func run(
    to target: String,
    replacing: Bool,
    hears: @escaping (FrugalProgress) -> Void = { _ in }
  ) throws(FormatError) -> JSON {
    try EncoderFolder.kind.isReplaceable(target, replacing: replacing)
    let began = ContinuousClock.now
    let crew = Crew<Float>(count: settings.threads)
    let whole = inputs.encoder.network
    let trainer = ProjectionTrainer(whole, inputs.texts.train, settings, crew)
    try TrainingState.checkPlace("\(target).run", of: "projections")
    let run = trainer.run(origin: EncoderTrainer.origin(of: inputs.texts.train, whole))
    try run.finish("\(target).run", trainer.stepsTotal, "teaching projections", hears) {
      trainer.advance()
    }
    let network = EncoderNetwork<Float>(
      whole.configuration,
      whole.weights,
      labels: whole.configuration.labels,
      problem: whole.configuration.problem,
      projections: trainer.projections,
      seed: 0
    )
    let outcome = ProjectionsOutcome(
      errors: trainer.errors(of: Array(inputs.texts.choose.prefix(500))),
      neurons: settings.neurons(width: whole.configuration.width),
      parts: [
        ("choose", inputs.texts.choose, inputs.set.choose),
        ("test", inputs.texts.test, inputs.set.test),
      ].map { name, texts, set in
        let truth = set.items.map(\.labels)
        let before = EncoderReading(texts, whole, nil, crew)
        let after = EncoderReading(texts, network, nil, crew)
        return (
          name, Measurement("linear", level: 0, before, truth, EncoderCost(whole)),
          Measurement("pairs", level: 0, after, truth, EncoderCost(network))
        )
      }
    )
    let members = inputs.members(settings: settings.fingerprint, since: began)
    let result = JSON.object(members + outcome.members)
    let facts = inputs.facts(settings: settings.fingerprint, result)
    try FrugalEncoder(network: network).write(
      to: target,
      inputs.source,
      result: (name: "projections.json", json: result),
      pages: outcome.report(facts: facts).files,
      replacing: replacing
    )
    try? FileManager.default.removeItem(atPath: "\(target).run")
    return result
  }
}
