/// The shape of a language model: pre-norm decoder layers, of which Llama is the plainest.
///
/// What other families do otherwise is said by the fields from `family` on; their defaults are Llama.
public struct LlamaConfiguration: Sendable, Equatable {
  /// How rows are normalized.
  public enum Norm: String, Sendable {
    /// By their root mean square, with a gain.
    case rootMeanSquare
    /// To mean 0 and variance 1, with a gain and a bias.
    case layer
  }

  /// How a row knows its position.
  public enum Position: String, Sendable {
    /// Queries and keys are turned by it.
    case rotary
    /// A learned row is added to the embedding; the table has `positionsMax` rows.
    case learned
  }

  /// What the feed-forward neurons compute.
  public enum FeedForward: Sendable, Equatable {
    /// down · (silu(gate · x) · up · x): three matrices.
    case gatedSilu
    /// down · f(up · x): two matrices.
    case plain(BertConfiguration.Activation)
  }

  /// Which linear maps of a layer have biases.
  public struct Biases: OptionSet, Sendable {
    /// The bits.
    public let rawValue: Int
    /// From the bits.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Queries, keys and values.
    public static let queryKeyValue = Biases(rawValue: 1)
    /// The map from the heads back to the stream.
    public static let attentionOutput = Biases(rawValue: 2)
    /// All maps of the feed-forward layer.
    public static let feedForward = Biases(rawValue: 4)
  }

  /// Transformer layers.
  public var layers: Int
  /// Width of the residual stream.
  public var width: Int
  /// Query heads.
  public var heads: Int
  /// Key and value heads; each serves `heads / keyValueHeads` query heads.
  public var keyValueHeads: Int
  /// Width of one head; even where positions are rotary, because they turn pairs.
  public var headWidth: Int
  /// Neurons of one feed-forward layer.
  public var ffnWidth: Int
  /// Tokens.
  public var vocabulary: Int
  /// The longest sequence the model was made for, in tokens.
  public var positionsMax: Int
  /// Added to the mean square, or in a layer norm to the variance, before its root is taken.
  public var rmsEpsilon: Float
  /// The base of the rotary frequencies.
  public var ropeBase: Double
  /// How the rotary frequencies were changed for long sequences.
  public var ropeScaling: RopeScaling
  /// Whether the output head is the embedding.
  public var tiedHead: Bool
  /// The name of the family, as users see it.
  public var family = "llama"
  /// How rows are normalized.
  public var norm = Norm.rootMeanSquare
  /// How a row knows its position.
  public var position = Position.rotary
  /// What the feed-forward neurons compute.
  public var feedForward = FeedForward.gatedSilu
  /// Which linear maps of a layer have biases.
  public var biases: Biases = []
  /// Whether every query and key head is normalized by its root mean square before it is turned.
  public var hasHeadNorms = false

  /// A Llama's configuration from its parts; nothing is checked here.
  public init(
    layers: Int,
    width: Int,
    heads: Int,
    keyValueHeads: Int,
    headWidth: Int,
    ffnWidth: Int,
    vocabulary: Int,
    positionsMax: Int,
    rmsEpsilon: Float,
    ropeBase: Double,
    ropeScaling: RopeScaling,
    tiedHead: Bool
  ) {
    self.layers = layers
    self.width = width
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.ffnWidth = ffnWidth
    self.vocabulary = vocabulary
    self.positionsMax = positionsMax
    self.rmsEpsilon = rmsEpsilon
    self.ropeBase = ropeBase
    self.ropeScaling = ropeScaling
    self.tiedHead = tiedHead
  }

  /// Width of all query heads together.
  public var queryWidth: Int { heads * headWidth }

  /// Width of all key heads together; values are as wide.
  public var keyValueWidth: Int { keyValueHeads * headWidth }

  /// Why the numbers do not fit each other, or nil if they do.
  var fault: ShapeFault? {
    if heads % keyValueHeads != 0 {
      return ShapeFault(
        "\(heads) query heads do not share \(keyValueHeads) key heads evenly",
        .keyValueHeads,
        .heads
      )
    }
    if position == .learned, width % heads != 0 {
      return ShapeFault(
        "a width of \(width) does not divide into \(heads) heads",
        .heads,
        .width
      )
    }
    if position == .rotary, headWidth < 2 || headWidth % 2 != 0 {
      return ShapeFault(
        "heads of width \(headWidth) have no pairs for rotary positions",
        .headWidth,
        .width
      )
    }
    if queryWidth > ModelLimits.widthMax {
      return ShapeFault(
        "\(heads) heads of \(headWidth) are wider than \(ModelLimits.widthMax)",
        .headWidth,
        .heads
      )
    }
    if case .factors(let factors) = ropeScaling, factors.count != headWidth / 2 {
      return ShapeFault(
        "\(factors.count) rotary factors for heads of width \(headWidth)",
        .headWidth,
        .width
      )
    }
    if !ModelLimits.canCount(Cost(self), positions: positionsMax) {
      return ShapeFault(
        "one context of \(positionsMax) positions is more work than 64 bits can count",
        .positions
      )
    }
    return nil
  }
}
