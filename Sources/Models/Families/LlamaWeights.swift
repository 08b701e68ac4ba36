public import Tensors

/// One layer of a language model.
///
/// Queries and keys follow the rotate-half convention, whatever the file they came from. What only some
/// families have is nil elsewhere; the configuration says which.
public struct LlamaLayer: Sendable {
  /// Gains before attention, (width).
  public var attentionNorm: [Float]
  /// (queryWidth, width).
  public var query: Matrix
  /// (keyValueWidth, width).
  public var key: Matrix
  /// (keyValueWidth, width).
  public var value: Matrix
  /// (width, queryWidth).
  public var output: Matrix
  /// Gains before the feed-forward layer, (width).
  public var ffnNorm: [Float]
  /// (ffnWidth, width), through SiLU; nil where the feed-forward layer is plain.
  public var gate: Matrix?
  /// (ffnWidth, width).
  public var up: Matrix
  /// (width, ffnWidth).
  public var down: Matrix

  /// Bias of the norm before attention, (width), where norms are layer norms.
  public var attentionNormBias: [Float]?
  /// Bias of the norm before the feed-forward layer, (width), where norms are layer norms.
  public var ffnNormBias: [Float]?
  /// Bias of `query`, (queryWidth).
  public var queryBias: [Float]?
  /// Bias of `key`, (keyValueWidth).
  public var keyBias: [Float]?
  /// Bias of `value`, (keyValueWidth).
  public var valueBias: [Float]?
  /// Bias of `output`, (width).
  public var outputBias: [Float]?
  /// Bias of `gate`, (ffnWidth).
  public var gateBias: [Float]?
  /// Bias of `up`, (ffnWidth).
  public var upBias: [Float]?
  /// Bias of `down`, (width).
  public var downBias: [Float]?
  /// Gains of every query head, (headWidth), before it is turned.
  public var queryNorm: [Float]?
  /// Gains of every key head, (headWidth), before it is turned.
  public var keyNorm: [Float]?

  /// A layer from the parts that all families have; shapes are the caller's promise.
  public init(
    attentionNorm: [Float],
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    ffnNorm: [Float],
    gate: Matrix?,
    up: Matrix,
    down: Matrix
  ) {
    self.attentionNorm = attentionNorm
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.ffnNorm = ffnNorm
    self.gate = gate
    self.up = up
    self.down = down
  }
}

/// The weights of a language model.
public struct LlamaWeights: Sendable {
  /// (vocabulary, width).
  public var embedding: Matrix
  /// In order of use.
  public var layers: [LlamaLayer]
  /// Gains before the head, (width).
  public var finalNorm: [Float]
  /// (vocabulary, width); shares the embedding's numbers where the head is tied.
  public var head: Matrix
  /// (positionsMax, width), added to the embedding, where positions are learned.
  public var positionEmbedding: Matrix?
  /// Bias of the norm before the head, (width), where norms are layer norms.
  public var finalNormBias: [Float]?

  /// Weights from the parts that all families have; shapes are the caller's promise.
  public init(embedding: Matrix, layers: [LlamaLayer], finalNorm: [Float], head: Matrix) {
    self.embedding = embedding
    self.layers = layers
    self.finalNorm = finalNorm
    self.head = head
  }
}
