/// The shape of an encoder of BERT's kind, how it pools, and what its classification head means.
///
/// What other families do otherwise is said by the fields from `family` on; their defaults are BERT.
public struct BertConfiguration: Sendable, Equatable {
  /// What the feed-forward neurons compute.
  public enum Activation: String, Sendable {
    /// GELU by the error function.
    case gelu
    /// GELU by its tanh approximation.
    case geluTanh
    /// max(x, 0).
    case relu
  }

  /// How the hidden rows of a text become one vector.
  public enum Pooling: String, Sendable {
    /// The mean of all rows.
    case mean
    /// The first row.
    case cls
    /// The largest of each column.
    case max
    /// The last row.
    case lastToken = "lasttoken"
  }

  /// What the logits of the classification head are.
  public enum Problem: String, Sendable {
    /// One label is true: softmax.
    case singleLabel = "single_label_classification"
    /// Each label may be true: sigmoid.
    case multiLabel = "multi_label_classification"
    /// Numbers, used as they are.
    case regression
  }

  /// What the dense layer before the classifier ends in.
  public enum PoolerActivation: String, Sendable {
    /// tanh(x).
    case tanh
    /// max(x, 0).
    case relu
  }

  /// Transformer layers.
  public var layers: Int
  /// Width of the residual stream.
  public var width: Int
  /// Attention heads.
  public var heads: Int
  /// Neurons of one feed-forward layer.
  public var ffnWidth: Int
  /// Tokens.
  public var vocabulary: Int
  /// The longest sequence, in tokens: rows of the position embedding, from position 0 on.
  public var positionsMax: Int
  /// Tokens to which a text that is too long may be cut; at most `positionsMax`.
  public var sequenceMax: Int
  /// Segments, such as question and answer; 0 where the model does not tell them apart.
  public var typesCount: Int
  /// Added to the variance before its root is taken.
  public var layerNormEpsilon: Float
  /// What the feed-forward neurons compute.
  public var activation: Activation
  /// How the hidden rows of a text become one vector.
  public var pooling: Pooling
  /// Whether that vector is scaled to length 1.
  public var normalize: Bool
  /// Names of the classification head's outputs; empty where the model has no such head.
  public var labels: [String]
  /// What the logits of the classification head are.
  public var problem: Problem
  /// Whether the checkpoint has the dense layer over the first row that classification needs.
  public var hasPooler: Bool
  /// The name of the family, as users see it.
  public var family = "bert"
  /// What the dense layer before the classifier ends in.
  public var poolerActivation = PoolerActivation.tanh

  /// A BERT's configuration from its parts; nothing is checked here.
  public init(
    layers: Int,
    width: Int,
    heads: Int,
    ffnWidth: Int,
    vocabulary: Int,
    positionsMax: Int,
    sequenceMax: Int,
    typesCount: Int,
    layerNormEpsilon: Float,
    activation: Activation,
    pooling: Pooling,
    normalize: Bool,
    labels: [String],
    problem: Problem,
    hasPooler: Bool
  ) {
    self.layers = layers
    self.width = width
    self.heads = heads
    self.ffnWidth = ffnWidth
    self.vocabulary = vocabulary
    self.positionsMax = positionsMax
    self.sequenceMax = sequenceMax
    self.typesCount = typesCount
    self.layerNormEpsilon = layerNormEpsilon
    self.activation = activation
    self.pooling = pooling
    self.normalize = normalize
    self.labels = labels
    self.problem = problem
    self.hasPooler = hasPooler
  }

  /// Width of one head.
  public var headWidth: Int { width / heads }

  /// Why the numbers do not fit each other, or nil if they do.
  var fault: ShapeFault? {
    if width % heads != 0 {
      return ShapeFault(
        "a width of \(width) does not divide into \(heads) heads",
        .heads,
        .width
      )
    }
    if !labels.isEmpty, !hasPooler {
      return ShapeFault("the pooler before the classification head is missing")
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
