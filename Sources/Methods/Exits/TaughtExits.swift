import Models
import Tensors

/// Exits that were taught on one model: those that are served, and the baselines.
struct TaughtExits: Sendable {
  /// Cascaded heads with geometric ensembles: what is served.
  let served: ExitStack
  /// The additive ensembles of the same heads.
  let additive: [GeometricEnsemble]
  /// Plain heads.
  let plain: ExitStack

  /// Teaches everything on rows of texts.
  ///
  /// - Parameters:
  ///   - layers: after how many layers each exit stands.
  ///   - pooling: what exits read.
  ///   - features: makes the rows of texts to learn from; not called if all was learned before.
  ///   - labels: of these texts.
  ///   - pooler: of the model: what poolers begin as.
  ///   - classes: of the model.
  ///   - trainer: teaches.
  ///   - stages: where what is learned is kept.
  /// - Throws: `FormatError` if what was kept is another run's, or it cannot be written.
  init(
    layers: [Int],
    pooling: ExitStack.Pooling,
    _ features: @escaping (ExitStack) -> ExitFeatures,
    labels: [Int],
    pooler: DenseParameters<Float>,
    classes: Int,
    _ trainer: ExitTrainer,
    _ stages: RunStages = .unkept
  ) throws(FormatError) {
    func fresh(isCascaded: Bool) -> ExitStack {
      var random = SeededRandom(seed: trainer.settings.seed ^ 0xE817)
      let heads = layers.indices.map {
        ExitHead(
          $0,
          pooler: pooler,
          classes: classes,
          isCascaded: isCascaded && $0 > 0,
          &random
        )
      }
      return ExitStack(layers: layers, pooling: pooling, heads: heads, ensembles: [])
    }
    var served = fresh(isCascaded: true)
    let plain = fresh(isCascaded: false)
    func name(_ stage: String) -> String { "\(pooling.rawValue)-\(stage)" }
    let heads = served
    let rows = Deferred { features(heads) }
    try trainer.teachHeads(served, rows, count: labels.count, stages, name("cascade"))
    try trainer.teachHeads(plain, rows, count: labels.count, stages, name("plain"))
    let scores = Deferred { trainer.scores(heads, rows.value) }
    func ensembles(_ mean: GeometricEnsemble.Mean) throws(FormatError) -> [GeometricEnsemble] {
      let own = name(mean == .geometric ? "geometric" : "additive")
      return try trainer.ensembles(heads, scores, labels: labels, mean: mean, stages, own)
    }
    served.ensembles = try ensembles(.geometric)
    additive = try ensembles(.additive)
    (self.served, self.plain) = (served, plain)
  }

  /// Scores of all exits for all texts, by each method.
  func scores(_ features: ExitFeatures, _ trainer: ExitTrainer) -> [ExitMethod: ExitLogits] {
    scores(cascaded: trainer.scores(served, features), alone: trainer.scores(plain, features))
  }

  /// The same from what all heads say.
  func scores(cascaded: ExitLogits, alone: ExitLogits) -> [ExitMethod: ExitLogits] {
    [
      .zeroTimeWaste: cascaded.joined(by: served.ensembles),
      .additive: cascaded.joined(by: additive),
      .cascade: cascaded, .shallowDeep: alone, .patience: alone,
    ]
  }

  /// The heads that a method asks.
  func stack(of method: ExitMethod) -> ExitStack {
    switch method {
    case .zeroTimeWaste, .additive: served
    case .cascade:
      ExitStack(layers: served.layers, pooling: served.pooling, heads: served.heads, ensembles: [])
    case .shallowDeep, .patience: plain
    }
  }
}
