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
  ///   - features: makes the rows of texts to learn from.
  ///   - pooler: of the model: what poolers begin as.
  ///   - classes: of the model.
  ///   - trainer: teaches.
  init(
    layers: [Int],
    pooling: ExitStack.Pooling,
    _ features: (ExitStack) -> ExitFeatures,
    pooler: DenseParameters<Float>,
    classes: Int,
    _ trainer: ExitTrainer
  ) {
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
    let rows = features(served)
    trainer.teachHeads(served, rows)
    trainer.teachHeads(plain, rows)
    let scores = trainer.scores(served, rows)
    served.ensembles = trainer.ensembles(scores, labels: rows.labels, mean: .geometric)
    additive = trainer.ensembles(scores, labels: rows.labels, mean: .additive)
    (self.served, self.plain) = (served, plain)
  }

  /// Scores of all exits for all texts, by each method.
  func scores(_ features: ExitFeatures, _ trainer: ExitTrainer) -> [ExitMethod: ExitLogits] {
    let (cascaded, alone) = (trainer.scores(served, features), trainer.scores(plain, features))
    return [
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
