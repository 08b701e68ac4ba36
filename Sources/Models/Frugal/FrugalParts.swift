public import Tensors

/// What was learned beside a model's weights, so that it spends less: experts with routers, exits, and what effort buys.
///
/// `frugal.json` describes it; the numbers lie in `frugal.safetensors`.
public struct FrugalParts: Sendable {
  /// Describes what lies in `tensorsIn`.
  public static let describedIn = "frugal.json"
  /// Routers and heads.
  public static let tensorsIn = "frugal.safetensors"

  /// Of the feed-forward layers, whose neurons lie in order; nil runs them whole.
  public var experts: RoutedExperts?
  /// After some layers; nil goes to the end.
  public var exits: LearnedExits?
  /// What effort buys; nil where nothing was measured.
  public var effort: EffortCurve?
  /// Of a language model that classifies streams; nil for others.
  public var tokens: TokenExits?

  /// Parts from each.
  public init(
    experts: RoutedExperts? = nil,
    exits: LearnedExits? = nil,
    effort: EffortCurve? = nil,
    tokens: TokenExits? = nil
  ) {
    (self.experts, self.exits, self.effort, self.tokens) = (experts, exits, effort, tokens)
  }
}

/// Experts of equal size in every feed-forward layer, and routers |V · relu(W z)| that predict how strong each will be.
///
/// Szatkowski et al., arXiv:2310.04361.
public struct RoutedExperts: Sendable {
  /// One layer's router.
  public struct Router: Sendable {
    /// W: (hidden, width).
    public let inner: Matrix
    /// V: (experts, hidden).
    public let outer: Matrix

    /// A router from its matrices.
    public init(inner: Matrix, outer: Matrix) {
      precondition(outer.inputs == inner.outputs, "\(outer.inputs) of \(inner.outputs) hidden")
      (self.inner, self.outer) = (inner, outer)
    }

    /// Multiply-accumulates of one row.
    public var cost: Int { inner.outputs * inner.inputs + outer.outputs * outer.inputs }
  }

  /// Neurons of an expert.
  public let size: Int
  /// One for each layer.
  public let routers: [Router]

  /// Experts from their routers, at least one.
  public init(size: Int, routers: [Router]) {
    precondition(size > 0 && !routers.isEmpty, "experts of \(size), \(routers.count) routers")
    (self.size, self.routers) = (size, routers)
  }

  /// Experts of a layer.
  public var count: Int { routers[0].outer.outputs }
}

/// Heads after some of an encoder's layers, and ensembles of their opinions.
///
/// Wołczyk et al., arXiv:2106.05409.
public struct LearnedExits: Sendable {
  /// What an exit reads of a text's rows.
  public enum Pooling: String, Sendable, CaseIterable {
    /// The first, as the model's own head.
    case first
    /// The mean of all.
    case mean
  }

  /// classifier([g ; norm(scores of the exit before)]) with g = tanh(pooler x).
  public struct Head: Sendable {
    /// (width, width).
    public let pooler: Dense
    /// Over the scores of the exit before; nil without a cascade.
    public let norm: LayerNorm?
    /// (classes, width), or with a cascade (classes, width + classes).
    public let classifier: Dense

    /// A head from its parts.
    public init(pooler: Dense, norm: LayerNorm?, classifier: Dense) {
      (self.pooler, self.norm, self.classifier) = (pooler, norm, classifier)
    }

    /// Multiply-accumulates of one text.
    public var cost: Int {
      pooler.matrix.outputs * pooler.matrix.inputs
        + classifier.matrix.outputs * classifier.matrix.inputs
    }
  }

  /// The epsilon of the heads' norms, as PyTorch's.
  public static let epsilon: Float = 1e-5

  /// How many layers a text has gone through at each exit: ascending, below the model's layers.
  public let layers: [Int]
  /// What they read.
  public let pooling: Pooling
  /// One for each exit.
  public let heads: [Head]
  /// One for each exit; empty if heads answer by themselves.
  public let ensembles: [GeometricEnsemble]

  /// Exits from their parts: a head for each of `layers`, and as many ensembles or none.
  public init(
    layers: [Int],
    pooling: Pooling,
    heads: [Head],
    ensembles: [GeometricEnsemble]
  ) {
    precondition(
      !layers.isEmpty && heads.count == layers.count
        && (ensembles.isEmpty || ensembles.count == layers.count),
      "\(heads.count) heads and \(ensembles.count) ensembles of \(layers.count) exits"
    )
    (self.layers, self.pooling) = (layers, pooling)
    (self.heads, self.ensembles) = (heads, ensembles)
  }

  /// Classes of the answers.
  public var classes: Int { heads[0].classifier.matrix.outputs }

  /// Multiply-accumulates of one text at one exit: head and ensemble.
  public func cost(at exit: Int) -> Int {
    heads[exit].cost + (ensembles.isEmpty ? 0 : (exit + 1) * classes)
  }
}
