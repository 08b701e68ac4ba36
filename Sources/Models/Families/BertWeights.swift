public import Tensors

/// A linear map with a bias.
public struct Dense: Sendable {
  /// (outputs, inputs).
  public var matrix: Matrix
  /// (outputs).
  public var bias: [Float]

  /// Pairs a matrix with its bias.
  public init(matrix: Matrix, bias: [Float]) {
    precondition(bias.count == matrix.outputs, "\(bias.count) biases of \(matrix.outputs) outputs")
    self.matrix = matrix
    self.bias = bias
  }
}

/// Gain and bias of a layer norm.
public struct LayerNorm: Sendable, Equatable {
  /// Multiplies the normalized row.
  public var gain: [Float]
  /// Is added after the gain.
  public var bias: [Float]

  /// Pairs a gain with its bias.
  public init(gain: [Float], bias: [Float]) {
    precondition(gain.count == bias.count, "\(gain.count) gains and \(bias.count) biases")
    self.gain = gain
    self.bias = bias
  }
}

/// One layer of such an encoder; norms come after each residual sum.
public struct BertLayer: Sendable {
  /// (width, width).
  public var query: Dense
  /// (width, width).
  public var key: Dense
  /// (width, width).
  public var value: Dense
  /// (width, width).
  public var output: Dense
  /// After attention.
  public var attentionNorm: LayerNorm
  /// (ffnWidth, width).
  public var up: Dense
  /// (width, ffnWidth).
  public var down: Dense
  /// After the feed-forward layer.
  public var outputNorm: LayerNorm

  /// A layer from its parts; shapes are the caller's promise.
  public init(
    query: Dense,
    key: Dense,
    value: Dense,
    output: Dense,
    attentionNorm: LayerNorm,
    up: Dense,
    down: Dense,
    outputNorm: LayerNorm
  ) {
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.attentionNorm = attentionNorm
    self.up = up
    self.down = down
    self.outputNorm = outputNorm
  }
}

/// The weights of an encoder of BERT's kind.
public struct BertWeights: Sendable {
  /// (vocabulary, width).
  public var wordEmbedding: Matrix
  /// (positionsMax, width).
  public var positionEmbedding: Matrix
  /// (typesCount, width); nil where the model does not tell segments apart.
  public var typeEmbedding: Matrix?
  /// After the sum of the embeddings.
  public var embeddingNorm: LayerNorm
  /// In order of use.
  public var layers: [BertLayer]
  /// (width, width) over the first row, through the pooler's activation; nil where there is none.
  public var pooler: Dense?
  /// (labels, width) over the pooler's output; nil where the checkpoint has none.
  public var classifier: Dense?

  /// Weights from their parts; shapes are the caller's promise.
  public init(
    wordEmbedding: Matrix,
    positionEmbedding: Matrix,
    typeEmbedding: Matrix?,
    embeddingNorm: LayerNorm,
    layers: [BertLayer],
    pooler: Dense?,
    classifier: Dense?
  ) {
    self.wordEmbedding = wordEmbedding
    self.positionEmbedding = positionEmbedding
    self.typeEmbedding = typeEmbedding
    self.embeddingNorm = embeddingNorm
    self.layers = layers
    self.pooler = pooler
    self.classifier = classifier
  }
}
