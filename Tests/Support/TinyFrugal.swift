public import Models
import Tensors

/// Routers and exits of random numbers: what they say is nonsense, and the same every time.
public enum TinyFrugal {
  /// Neurons of an expert.
  public static let expertSize = 16

  /// A label of the tiny encoder.
  public static let encoderLabel = "stormy"

  /// Experts, exits and a curve for an encoder.
  public static func parts(for configuration: BertConfiguration) -> FrugalParts {
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

  /// Exits after every layer of a language model, sure of some tokens and unsure of others, and curves.
  ///
  /// - Parameters:
  ///   - configuration: of the model.
  ///   - policy: of requests that name none; nil says nothing.
  ///   - measured: the policies that have a curve.
  /// - Returns: what the heads' folder would hold.
  public static func parts(
    for configuration: LlamaConfiguration,
    policy: StreamPolicy? = nil,
    measured: [StreamPolicy] = StreamPolicy.allCases
  ) -> FrugalParts {
    var random = SplitMix64(seed: 78)
    let (labels, width) = (["dry", "wet", "windy"], 2 * configuration.width)
    func numbers(_ count: Int, _ scale: Float) -> [Float] {
      (0 ..< count).map { _ in Float.random(in: -scale ... scale, using: &random) }
    }
    let layers = Array(1 ... configuration.layers)
    let (count, final) = (labels.count, layers.count - 1)
    let heads = layers.indices.map { exit -> TokenExits.Head in
      let hears = exit > 0 && exit < final
      let inputs = width + (hears ? count : 0)
      let matrix = Matrix(outputs: count, inputs: inputs, values: numbers(count * inputs, 0.4))
      return TokenExits.Head(
        norm: hears
          ? LayerNorm(gain: [Float](repeating: 1, count: count), bias: numbers(count, 0.1)) : nil,
        map: Dense(matrix: matrix, bias: numbers(count, 0.1))
      )
    }
    let ensembles = (0 ..< final).map { exit in
      GeometricEnsemble(
        logWeights: numbers(exit + 1, 0.5).map(Double.init),
        bias: numbers(count, 0.2).map(Double.init)
      )
    }
    let rules = [(0.0, 0), (0.45, 0), (0.6, 0), (0.0, 1), (0.6, 1), (0.8, 0)]
    let points = measured.flatMap { policy in
      rules.enumerated().map { place, rule in
        TokenExits.Point(
          rule: ExitRule(threshold: rule.0, first: rule.1),
          policy: policy,
          accuracy: 0.5,
          agreement: Double(place) / 10,
          macs: Double(place + 3) / 10
        )
      } + [
        TokenExits.Point(
          rule: .fullDepth(exits: layers.count),
          policy: policy,
          accuracy: 0.5,
          agreement: 1,
          macs: 1
        )
      ]
    }
    let exits = TokenExits(
      layers: layers,
      heads: heads,
      ensembles: ensembles,
      labels: labels,
      epsilon: 1e-5,
      tokensMax: 64,
      modelName: "tiny",
      modelSHA256: "",
      points: points,
      chosen: [:],
      policy: policy
    )
    return FrugalParts(tokens: exits)
  }

  /// An effort that buys each point of the curve, the cheapest first.
  public static func efforts(_ curve: EffortCurve) -> [(effort: Double, point: EffortCurve.Point)] {
    curve.points.map { (curve.effort(of: $0), $0) }
  }
}
