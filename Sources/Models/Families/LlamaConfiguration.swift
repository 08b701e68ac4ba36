/// The shape of a Llama model: pre-norm, rotary positions, grouped-query attention, SwiGLU.
public struct LlamaConfiguration: Sendable, Equatable {
  /// Transformer layers.
  public var layers: Int
  /// Width of the residual stream.
  public var width: Int
  /// Query heads.
  public var heads: Int
  /// Key and value heads; each serves `heads / keyValueHeads` query heads.
  public var keyValueHeads: Int
  /// Width of one head; even, because rotary positions turn pairs.
  public var headWidth: Int
  /// Neurons of one feed-forward layer.
  public var ffnWidth: Int
  /// Tokens.
  public var vocabulary: Int
  /// The longest sequence the model was made for, in tokens.
  public var positionsMax: Int
  /// Added to the mean square before its root is taken.
  public var rmsEpsilon: Float
  /// The base of the rotary frequencies.
  public var ropeBase: Double
  /// How the rotary frequencies were changed for long sequences.
  public var ropeScaling: RopeScaling
  /// Whether the output head is the embedding.
  public var tiedHead: Bool

  /// A configuration from its parts; nothing is checked here.
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
}
