public import Tensors

/// One layer of a Llama model.
///
/// Queries and keys follow the rotate-half convention, whatever the file
/// they came from.
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
  /// (ffnWidth, width), through SiLU.
  public var gate: Matrix
  /// (ffnWidth, width).
  public var up: Matrix
  /// (width, ffnWidth).
  public var down: Matrix

  /// A layer from its parts; shapes are the caller's promise.
  public init(
    attentionNorm: [Float],
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    ffnNorm: [Float],
    gate: Matrix,
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

/// The weights of a Llama model.
public struct LlamaWeights: Sendable {
  /// (vocabulary, width).
  public var embedding: Matrix
  /// In order of use.
  public var layers: [LlamaLayer]
  /// Gains before the head, (width).
  public var finalNorm: [Float]
  /// (vocabulary, width); shares the embedding's numbers where the head is tied.
  public var head: Matrix

  /// Weights from their parts; shapes are the caller's promise.
  public init(embedding: Matrix, layers: [LlamaLayer], finalNorm: [Float], head: Matrix) {
    self.embedding = embedding
    self.layers = layers
    self.finalNorm = finalNorm
    self.head = head
  }
}
