public import Models
import Tensors

extension HeadsFolder {
  /// Reads a folder that `mete heads` wrote.
  ///
  /// - Parameter path: the folder.
  /// - Returns: the heads, and what they belong to.
  /// - Throws: `FormatError` that names the file, the field and the limit.
  public static func open(_ path: String) throws(FormatError) -> TaughtHeads {
    let exits = try TokenExits(folder: path)
    return TaughtHeads(
      heads: TokenHeads(exits),
      modelName: exits.modelName,
      modelSHA256: exits.modelSHA256,
      labels: exits.labels,
      epsilon: exits.epsilon,
      tokensMax: exits.tokensMax,
      curve: exits.points,
      chosen: exits.chosen,
      policy: exits.policy,
      settings: exits.settings
    )
  }
}

extension TokenHeads<Float> {
  /// Heads that are taught already, frozen.
  fileprivate init(_ exits: TokenExits) {
    self.init(
      layers: exits.layers,
      width: exits.features,
      classes: exits.labels.count,
      isJoined: !exits.ensembles.isEmpty,
      maps: exits.heads.enumerated().map { DenseParameters("exits.\($0).head", $1.map) },
      norms: exits.heads.enumerated().map { exit, head in
        head.norm.map { NormParameters("exits.\(exit).norm", $0) }
      },
      logWeights: exits.ensembles.enumerated().map { exit, ensemble in
        Parameter("exits.\(exit).ensemble.weight", ensemble.logWeights.map { Float($0) })
      },
      biases: exits.ensembles.enumerated().map { exit, ensemble in
        Parameter("exits.\(exit).ensemble.bias", ensemble.bias.map { Float($0) })
      }
    )
    for parameter in headParameters + ensembleParameters { parameter.isFrozen = true }
  }
}
