import Foundation
public import Models
import Tensors

/// Gives a fitted encoder exits after its layers, with or without experts, and measures what leaving early saves.
///
/// The model stays as it is, bit for bit. Heads are taught on what layers give with all experts and with few, so that they
/// know both. arXiv:2106.05409.
public struct ExitsPass {
  /// τ of the experts that heads are taught with; nil is all of them.
  private static let mixes: [Double?] = [nil, 0.02, 0.1]
  /// Bytes that rows to learn from may take.
  static let bytesMax = 8 << 30

  private let inputs: PassInputs
  private let settings: ExitSettings
  private let layers: [Int]
  private var encoder: FrugalEncoder { inputs.encoder }

  /// Opens models and tokenizes the text.
  ///
  /// - Parameters:
  ///   - model: a directory that `mete fit` or `mete experts` wrote.
  ///   - set: the data that it was fitted to, with one label a text.
  ///   - baseline: a fitted directory that accuracies are held against; nil is the model itself.
  ///   - settings: of teaching.
  ///   - plan: what is measured.
  /// - Throws: `FormatError` if a model does not fit the data.
  public init(
    model: String,
    _ set: LearningSet,
    baseline: String?,
    _ settings: ExitSettings,
    _ plan: FrugalPlan
  ) throws(FormatError) {
    inputs = try PassInputs(model: model, set, baseline: baseline, plan)
    let encoder = inputs.encoder
    let depth = encoder.network.layers.count
    let layers = settings.layers ?? Array(1 ..< depth)
    guard !layers.isEmpty, layers == Set(layers).sorted(), layers.allSatisfy((1 ..< depth).contains)
    else {
      throw FormatError(
        path: model,
        reason:
          "has \(depth) layers: exits stand after ascending numbers of 1 to \(depth - 1), not \(layers)"
      )
    }
    guard !(set.train.isMultiple || set.choose.isMultiple || set.test.isMultiple) else {
      throw FormatError(path: model, reason: "exits need one label a text; the data has several")
    }
    let readings = encoder.experts == nil ? 1 : Self.mixes.count
    let bytes = set.train.items.count * (depth + 1) * 2 * encoder.network.configuration.width * 4
    guard bytes <= Self.bytesMax / readings else {
      throw FormatError(
        path: set.train.name,
        reason:
          "has \(set.train.items.count) texts, whose rows take \(bytes * readings >> 20) MiB, over \(Self.bytesMax >> 20); give fewer"
      )
    }
    (self.layers, self.settings) = (layers, settings)
  }

  /// Teaches, measures, and writes the directory; an interrupted run goes on where it was, and ends with the same bits.
  ///
  /// Every stage of learning is saved on the way, and what was measured as it comes. Read anew are the rows of texts that
  /// heads learn from, where heads or ensembles are still to learn: they would be gigabytes.
  ///
  /// - Parameters:
  ///   - target: the directory to make.
  ///   - replacing: whether a fitted model that is there makes way.
  ///   - hears: is told after every step.
  /// - Returns: what `exits.json` says.
  /// - Throws: `FormatError` if something cannot be written; then nothing has changed.
  public func run(
    to target: String,
    replacing: Bool,
    hears: @escaping (FrugalProgress) -> Void = { _ in }
  ) throws(FormatError) -> JSON {
    try EncoderFolder.kind.isReplaceable(target, replacing: replacing)
    let began = ContinuousClock.now
    let network = encoder.network
    for parameter in network.parameters { parameter.isFrozen = true }
    let trainer = ExitTrainer(settings: settings, crew: Crew(count: settings.threads))
    let stages = try RunStages(beside: target, of: "exits", notes: notes, hears: hears)
    let exits = try teach(trainer, stages)
    var meter = ExitsMeter(
      network: network,
      experts: encoder.experts,
      baseline: inputs.baseline,
      exits: exits,
      texts: inputs.texts,
      labels: (
        inputs.set.choose.items.map { $0.labels[0] }, inputs.set.test.items.map { $0.labels[0] }
      ),
      plan: inputs.plan,
      trainer: trainer,
      stages: stages
    )
    try meter.measure()
    var frugal = encoder
    frugal.exits = exits.served
    frugal.effort = meter.effort
    let result = result(meter, exits, since: began)
    let page = meter.report(inputs.set, facts: inputs.facts(settings: settings.fingerprint, result))
    try frugal.write(
      to: target,
      inputs.source,
      result: (name: "exits.json", json: result),
      pages: page.files,
      replacing: replacing
    )
    stages.end()
    return result
  }

  /// What a run follows from.
  private var notes: [(name: String, value: String)] {
    let network = encoder.network
    let routers = encoder.experts?.routers.flatMap { [$0.inner, $0.outer] } ?? []
    let plan = inputs.plan
    return [
      ("settings", settings.fingerprint), ("exits", "\(layers)"),
      ("taus", plan.exitTaus.map { $0.map { "\($0)" } ?? "all" }.joined(separator: " ")),
      (
        "origin",
        EncoderTrainer.origin(
          of: inputs.texts.train,
          network,
          beside: network.parameters + routers
        )
      ),
      ("choose", EncoderTrainer.origin(of: inputs.texts.choose, network)),
      (
        "test",
        EncoderTrainer.origin(
          of: inputs.texts.test,
          network,
          beside: inputs.baseline.parameters
        )
      ),
    ]
  }

  /// Teaches with each pooling, and keeps the one whose exits are right more often on the choosing part.
  private func teach(
    _ trainer: ExitTrainer,
    _ stages: RunStages
  ) throws(FormatError) -> TaughtExits {
    let network = encoder.network
    let mixes = encoder.experts == nil ? [nil] : Self.mixes
    let (texts, experts) = (inputs.texts.train, encoder.experts)
    let readings = Deferred {
      mixes.enumerated().map { step, tau in
        stages.hears(FrugalProgress(what: "reading", step: step, stepsTotal: mixes.count))
        let routing = experts.flatMap { own in tau.map { Routing(own, .max($0)) } }
        return EncoderReading(texts, network, routing, keepsRows: true, trainer.crew)
      }
    }
    let once = inputs.set.train.items.map { $0.labels[0] }
    let labels = mixes.flatMap { _ in once }
    let choosing = EncoderReading(inputs.texts.choose, network, nil, keepsRows: true, trainer.crew)
    let chooseLabels = inputs.set.choose.items.map { $0.labels[0] }
    let width = network.configuration.width
    var best: (exits: TaughtExits, right: Double)?
    for pooling in ExitStack.Pooling.allCases {
      let exits = try TaughtExits(
        layers: layers,
        pooling: pooling,
        { stack in
          // One after the other: each of them is large.
          var all = ExitFeatures(readings.value[0], stack, labels: once, width: width)
          for reading in readings.value.dropFirst() {
            all.add(ExitFeatures(reading, stack, labels: once, width: width))
          }
          return all
        },
        labels: labels,
        pooler: network.pooler,
        classes: network.configuration.labels.count,
        trainer,
        stages
      )
      let rows = ExitFeatures(choosing, exits.served, labels: chooseLabels, width: width)
      let costs = (0 ... layers.count).map { Double($0) }
      guard let logits = exits.scores(rows, trainer)[.zeroTimeWaste] else { continue }
      let simulation = ExitSimulation(logits: logits, labels: chooseLabels, costs: costs)
      let right = layers.indices.reduce(0) { $0 + simulation.accuracy(exit: $1) }
      if right > best?.right ?? -1 { best = (exits, right) }
    }
    guard let best else { preconditionFailure("there are poolings to choose from") }
    return best.exits
  }

  private func result(
    _ meter: ExitsMeter,
    _ exits: TaughtExits,
    since began: ContinuousClock.Instant
  ) -> JSON {
    .object(
      inputs.members(settings: settings.fingerprint, since: began) + [
        .init("layers", .array(layers.map { .integer($0) })),
        .init("pooling", .string(Array(exits.served.pooling.rawValue.utf8))),
        .init("with_experts", .bool(encoder.experts != nil)),
      ] + meter.members
    )
  }
}
