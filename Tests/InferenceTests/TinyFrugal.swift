import Models
import Support
import Tensors

/// Routers and exits of random numbers for an encoder: what they say is nonsense, and the same every time.
enum TinyFrugal {
  static let expertSize = 16

  static func parts(for configuration: BertConfiguration) -> FrugalParts {
    var random = SplitMix64(seed: 77)
    func matrix(_ outputs: Int, _ inputs: Int) -> Matrix {
      let values = (0 ..< outputs * inputs).map { _ in Float.random(in: -1 ... 1, using: &random) }
      return Matrix(outputs: outputs, inputs: inputs, values: values)
    }
    func dense(_ outputs: Int, _ inputs: Int) -> Dense {
      Dense(matrix: matrix(outputs, inputs), bias: matrix(1, outputs).row(0))
    }
    let (width, classes) = (configuration.width, configuration.labels.count)
    let experts = RoutedExperts(
      size: expertSize,
      routers: (0 ..< configuration.layers).map { _ in
        RoutedExperts.Router(
          inner: matrix(12, width),
          outer: matrix(configuration.ffnWidth / expertSize, 12)
        )
      }
    )
    let layers = Array(1 ..< configuration.layers)
    let exits = LearnedExits(
      layers: layers,
      pooling: .mean,
      heads: layers.indices.map { place in
        LearnedExits.Head(
          pooler: dense(width, width),
          norm: place == 0
            ? nil : LayerNorm(gain: matrix(1, classes).row(0), bias: matrix(1, classes).row(0)),
          classifier: dense(classes, width + (place == 0 ? 0 : classes))
        )
      },
      ensembles: layers.indices.map { place in
        GeometricEnsemble(
          logWeights: (0 ... place).map { _ in Double.random(in: -1 ... 1, using: &random) },
          bias: (0 ..< classes).map { _ in Double.random(in: -1 ... 1, using: &random) }
        )
      }
    )
    let candidates: [(Double?, Double?)] = [
      (0.9, 0.0), (0.6, 0.5), (0.3, 0.6), (nil, 0.7), (0.2, nil), (0.05, 0.95), (0, 1),
    ]
    let points = candidates.enumerated().map { place, setting in
      EffortCurve.Point(
        tau: setting.0,
        threshold: setting.1,
        accuracy: 0.5,
        agreement: Double(place) / 10,
        share: Double(place + 1) / 10
      )
    }
    return FrugalParts(
      experts: experts,
      exits: exits,
      effort: EffortCurve(candidates: points, whole: .init(accuracy: 0.5, agreement: 1, share: 1))
    )
  }

  /// An effort that buys each point of the curve, the cheapest first.
  static func efforts(_ curve: EffortCurve) -> [(effort: Double, point: EffortCurve.Point)] {
    curve.points.map { (curve.effort(of: $0), $0) }
  }
}
