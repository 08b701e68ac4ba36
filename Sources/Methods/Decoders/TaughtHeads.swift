public import Models
public import Tensors

/// Exit heads, and what they belong to: the contents of a folder that `mete heads` wrote.
public struct TaughtHeads: Sendable {
  /// The heads; they read what `DecoderPass.features` gives.
  public let heads: TokenHeads<Float>
  /// What the model calls itself.
  public let modelName: String
  /// Of the model's weight files: heads fit no other.
  public let modelSHA256: String
  /// Names of the classes.
  public let labels: [String]
  /// Added to the mean square.
  public let epsilon: Float
  /// Tokens that texts were cut to.
  public let tokensMax: Int
  /// By the first exit and the threshold, `propagate` and `defer` of each; under `propagate` only rules that may be worth it.
  public let curve: [TokenExits.Point]
  /// For each policy the cheapest rule that is as accurate as was asked for: what is to be served.
  public let chosen: [StreamPolicy: ExitRule]
  /// What a server does for streams that name no policy; nil is not written, and leaves it at `defer`.
  public let policy: StreamPolicy?
  /// How they were taught, for readers.
  let settings: JSON

  var json: JSON {
    func text(_ text: String) -> JSON { .string(Array(text.utf8)) }
    let exits = heads.layers.indices.map { exit -> JSON in
      .object([
        .init("layer", .integer(heads.layers[exit])),
        .init("hears_before", .bool(heads.norms[exit] != nil)),
        .init("ensemble", .bool(exit < heads.logWeights.count)),
      ])
    }
    let points = curve.map { point -> JSON in
      .object(
        [.init("policy", text(point.policy.rawValue))] + point.rule.members(layers: heads.layers)
          + [
            .init("accuracy", .number(point.accuracy)),
            .init("agreement", .number(point.agreement)),
            .init("macs", .number(point.macs)),
          ]
      )
    }
    let rules = StreamPolicy.allCases.compactMap { policy in
      chosen[policy].map {
        JSON.Member(policy.rawValue, .object($0.members(layers: heads.layers)))
      }
    }
    let standard = policy.map { [JSON.Member("policy", text($0.rawValue))] } ?? []
    let members: [JSON.Member] = [
      .init("format", text("mete heads")), .init("version", .integer(2)),
      .init("model", text(modelName)), .init("model_sha256", text(modelSHA256)),
      .init("labels", .array(labels.map(text))), .init("width", .integer(heads.width)),
      .init("features", text("unit root mean square, beside its running mean")),
      .init("norm_epsilon", .number(Double(epsilon))), .init("tokens_max", .integer(tokensMax)),
      .init("exits", .array(exits)), .init("chosen", .object(rules)),
      .init("curve", .array(points)), .init("settings", settings),
    ]
    return .object(members + standard)
  }
}
