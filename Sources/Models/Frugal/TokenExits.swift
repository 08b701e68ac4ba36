import Tensors

/// Exits of a language model that say a class at every token: what `mete heads` teaches.
///
/// Head m is one linear map over [g ; norm(scores of head m − 1)]. g is the row after the exit's layer, divided by its root mean
/// square, beside the mean of all such rows of the stream so far. The last exit stands after the last layer and answers alone;
/// at the others an ensemble joins all heads so far. Wołczyk et al., arXiv:2106.05409.
public struct TokenExits: Sendable {
  /// One exit's head.
  public struct Head: Sendable {
    /// Over the scores of the exit before; nil where it does not hear them.
    public let norm: LayerNorm?
    /// (classes, 2 · width), or (classes, 2 · width + classes) where it hears the exit before.
    public let map: Dense

    /// A head from its parts.
    public init(norm: LayerNorm?, map: Dense) { (self.norm, self.map) = (norm, map) }

    /// Multiply-accumulates of one token.
    public var cost: Int { map.matrix.outputs * map.matrix.inputs }
  }

  /// A point of the curve from rules to accuracy and work, measured on data that nothing was trained on.
  public struct Point: Sendable, Equatable {
    /// When a token leaves.
    public var rule: ExitRule
    /// What becomes of the layers left out.
    public var policy: StreamPolicy
    /// Share of the texts that are answered rightly at their end.
    public var accuracy: Double
    /// Share of the tokens at which the class is that of full depth.
    public var agreement: Double
    /// Multiply-accumulates, as a share of full depth.
    public var macs: Double

    /// A rule and what it came to.
    public init(
      rule: ExitRule,
      policy: StreamPolicy,
      accuracy: Double,
      agreement: Double,
      macs: Double
    ) {
      (self.rule, self.policy) = (rule, policy)
      (self.accuracy, self.agreement, self.macs) = (accuracy, agreement, macs)
    }
  }

  /// The epsilon of the norms over scores, as PyTorch's.
  public static let normEpsilon: Float = 1e-5

  /// How many layers a token has gone through at each exit: ascending, the model's layers last.
  public let layers: [Int]
  /// One for each exit.
  public let heads: [Head]
  /// One for each exit but the last; empty if heads answer by themselves.
  public let ensembles: [GeometricEnsemble]
  /// Names of the classes.
  public let labels: [String]
  /// Added to the mean square of a row.
  public let epsilon: Float
  /// Tokens that the texts were cut to from which the heads learned.
  public let tokensMax: Int
  /// What the model calls itself.
  public let modelName: String
  /// Of the model's weight files: heads fit no other.
  public let modelSHA256: String
  /// Measured rules, of both policies.
  public let points: [Point]
  /// For each policy the rule that was chosen when they were taught.
  public let chosen: [StreamPolicy: ExitRule]
  /// What becomes of the layers that tokens leave out, for requests that do not say; nil if the heads say nothing either.
  public let policy: StreamPolicy?
  /// How they were taught, for readers.
  public let settings: JSON

  /// Exits from their parts.
  ///
  /// - Parameters:
  ///   - layers: how many a token has gone through at each exit: ascending, the model's layers last.
  ///   - heads: one for each exit.
  ///   - ensembles: one for each exit but the last, or none.
  ///   - labels: names of the classes.
  ///   - epsilon: added to the mean square of a row.
  ///   - tokensMax: tokens that the texts were cut to from which the heads learned.
  ///   - modelName: what the model calls itself.
  ///   - modelSHA256: of its weight files.
  ///   - points: measured rules, of both policies.
  ///   - chosen: for each policy the rule to serve.
  ///   - policy: for requests that name none; nil says nothing.
  ///   - settings: how they were taught, for readers.
  public init(
    layers: [Int],
    heads: [Head],
    ensembles: [GeometricEnsemble],
    labels: [String],
    epsilon: Float,
    tokensMax: Int,
    modelName: String,
    modelSHA256: String,
    points: [Point],
    chosen: [StreamPolicy: ExitRule],
    policy: StreamPolicy? = nil,
    settings: JSON = .null
  ) {
    precondition(
      !layers.isEmpty && heads.count == layers.count
        && (ensembles.isEmpty || ensembles.count == layers.count - 1),
      "\(heads.count) heads and \(ensembles.count) ensembles of \(layers.count) exits"
    )
    (self.layers, self.heads, self.ensembles) = (layers, heads, ensembles)
    (self.labels, self.epsilon, self.tokensMax) = (labels, epsilon, tokensMax)
    (self.modelName, self.modelSHA256) = (modelName, modelSHA256)
    (self.points, self.chosen, self.settings) = (points, chosen, settings)
    self.policy = policy
  }

  /// Exits, the last included.
  public var count: Int { layers.count }
  /// Numbers that a head reads at every token, without what it hears.
  public var features: Int { heads[0].map.matrix.inputs }

  /// The policy in force: what a request says, else what the heads say, else `defer`, which is exact.
  public func policy(asked: StreamPolicy?) -> StreamPolicy { asked ?? policy ?? .defer }

  /// Multiply-accumulates of one token at one exit: head, and the ensemble if `isAsked`.
  ///
  /// A head runs wherever a later one hears it, also at exits that are not asked.
  public func cost(at exit: Int, isAsked: Bool) -> Int {
    heads[exit].cost + (isAsked && exit < ensembles.count ? (exit + 1) * labels.count : 0)
  }

  /// The first head that has to run for a rule: plain heads before its first exit stand for themselves and are left out.
  public func firstHead(for rule: ExitRule) -> Int {
    ensembles.isEmpty || rule.first == count - 1 ? rule.first : 0
  }

  /// What effort buys under a policy; nil if nothing was measured.
  public func effort(_ policy: StreamPolicy) -> EffortCurve? {
    let whole = ExitRule.fullDepth(exits: count)
    guard let full = points.first(where: { $0.policy == policy && $0.rule.first == count - 1 })
    else { return nil }
    return EffortCurve(
      candidates: points.filter { $0.policy == policy && $0.rule != whole && $0.rule != full.rule }
        .map { point in
          EffortCurve.Point(
            threshold: point.rule.threshold,
            first: point.rule.first,
            accuracy: point.accuracy,
            agreement: point.agreement,
            share: point.macs
          )
        },
      whole: EffortCurve.Point(accuracy: full.accuracy, agreement: full.agreement, share: 1)
    )
  }
}
