/// How exits are taught.
public struct ExitSettings: Sendable, Equatable {
  /// After how many layers each stands; nil is every layer but the last.
  public var layers: [Int]?
  /// Times that every text is seen by the heads.
  public var epochs = 20
  /// Times that every text is seen by the ensembles.
  public var ensembleEpochs = 10
  /// Texts of one step.
  public var batch = 64
  /// Learning rate of the heads at its highest; it falls along a cosine.
  public var rate = 1e-3
  /// Learning rate of the ensembles at its highest.
  public var ensembleRate = 1e-2
  /// Share of the learning rate by which heads' matrices shrink at every step; ensembles' weights do not.
  public var decay = 1e-2
  /// Share of the heads' inputs that is left out while learning.
  public var dropout = 0.1
  /// Decides fresh heads, the order of texts and what is left out.
  public var seed: UInt64 = 0
  /// Threads, and so tapes.
  public var threads = 2

  /// What the figures of docs/BENCHMARKS.md were made with.
  public init() {}

  /// Everything that a run follows from.
  var fingerprint: String {
    "epochs \(epochs) and \(ensembleEpochs), batch \(batch), rates \(rate) and \(ensembleRate), decay \(decay), "
      + "dropout \(dropout), seed \(seed), threads \(threads)"
  }
}
