/// The ways to leave early that are compared.
enum ExitMethod: String, CaseIterable, Sendable {
  /// Zero Time Waste: cascaded heads under geometric ensembles. arXiv:2106.05409.
  case zeroTimeWaste = "ztw"
  /// The same heads under additive ensembles: the paper's ablation.
  case additive = "ztw_additive"
  /// The same heads by themselves: cascade without ensembles.
  case cascade
  /// Plain heads by themselves. Kaya et al., "Shallow-Deep Networks", arXiv:1810.07052.
  case shallowDeep = "sdn"
  /// Plain heads that leave when enough in a row agree. Zhou et al., "BERT Loses Patience", arXiv:2006.04152.
  case patience = "pabee"

  /// Policies that trace its curve.
  func policies(exits: Int) -> [ExitPolicy] {
    self == .patience ? ExitPolicy.patiences(exits: exits) : ExitPolicy.confidences(count: 201)
  }
}
