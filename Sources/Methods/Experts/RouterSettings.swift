/// How routers are taught.
public struct RouterSettings: Sendable, Equatable {
  /// What routers learn to predict.
  public enum Target: String, Sendable, CaseIterable {
    /// How long an expert's output is: ‖Eᵢ(z)‖. arXiv:2310.04361, fourth version.
    case norm
    /// An expert's part of all that neurons give, Σ|a| over its own by Σ|a| over all: 0...1. The same, first version (DSTI).
    case contribution
  }

  /// What routers learn to predict.
  public var target = Target.norm
  /// Neurons of an expert.
  public var expertSize = 16
  /// Hidden neurons of a router.
  public var hidden = 64
  /// Neurons of an expert of a projection that was replaced.
  public var projectionExpertSize = 8
  /// Hidden neurons of the router of such a projection, which is an eighth of a feed-forward layer.
  public var projectionHidden = 16
  /// Times that every example is seen.
  public var epochs = 10
  /// Texts of one step.
  public var batch = 32
  /// Learning rate at its highest; it falls along a cosine.
  public var rate = 2e-3
  /// Decides the clusters' beginnings, fresh routers and the order of texts.
  public var seed: UInt64 = 0
  /// Threads, and so tapes.
  public var threads = 2

  /// What the figures of docs/BENCHMARKS.md were made with.
  public init() {}

  /// A line that two runs share only if one can go on where the other stopped.
  var fingerprint: String {
    "\(target.rawValue)s of experts of \(expertSize), routers of \(hidden), epochs \(epochs), batch \(batch), rate \(rate), "
      + "seed \(seed), threads \(threads)"
  }
}
