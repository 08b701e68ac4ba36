/// What `mete experts` and `mete exits` measure, and on how much.
public struct FrugalPlan: Sendable, Equatable {
  /// Tokens that a text is cut to.
  public var tokensMax = 128
  /// Points of accuracy, below the baseline, that a chosen setting may lose on the choosing part.
  public var pointsMax = 1.0
  /// Examples of the test part that whole curves are drawn from; chosen settings are measured on all.
  public var curveExamples = 2_500
  /// τ of `ExpertSelection.max` that are tried.
  public var taus = [0.005, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5]
  /// τ of `ExpertSelection.share` that are tried, DSTI's rule.
  public var shareTaus = [0.5, 0.7, 0.85, 0.95]
  /// Static choices that are tried, as shares of the experts.
  public var shares = [0.03, 0.07, 0.12, 0.2, 0.35]
  /// τ that exits are tried with; nil is the layers whole.
  public var exitTaus: [Double?] = [nil, 0.02, 0.05, 0.1, 0.2, 0.3]

  /// What the figures of docs/BENCHMARKS.md were made with.
  public init() {}
}

/// How far a pass is.
public struct FrugalProgress: Sendable {
  /// What is being done, for a progress bar.
  public var what: String
  /// Steps of it that were made.
  public var step: Int
  /// Steps of it.
  public var stepsTotal: Int
  /// Mean loss of the last steps; nil where nothing is learned.
  public var loss: Double?
  /// Tokens a second.
  public var tokensPerSecond: Double?
}
