/// The parts of a model that a bill tells apart.
public enum Part: String, Sendable, CaseIterable {
  /// Projections to queries, keys, values and back, and the mixing of positions.
  case attention
  /// Feed-forward layers.
  case experts
  /// What picks experts.
  case routers
  /// Exit heads between layers.
  case exits
  /// The output head: next-token logits, or pooler and classifier.
  case head
  /// Per-tenant adapters.
  case adapter
  /// Looking up rows: no multiplications.
  case embedding
}

/// The one arithmetic of cost: multiply-accumulates of each part of a model, from its shapes.
///
/// Counted are the products of matrices. Norms, activations, softmax, rotary turns and biases are
/// not: they are below one percent, and papers leave them out as well.
public struct Cost: Sendable, Equatable {
  /// Layers a row goes through at most.
  public let layers: Int
  /// Attention: the four projections, per row and layer.
  public let projections: Int
  /// Attention: the projections to keys and values, per row and layer; they are among the four.
  public let keysAndValues: Int
  /// Attention: scores and mixing, per row, layer and position attended to.
  public let mixing: Int
  /// The feed-forward layer, per row and layer.
  public let experts: Int
  /// The head, per row that asks for next-token logits, or per text that is classified.
  public let head: Int

  /// The cost of a language model; the head scores the whole vocabulary.
  public init(_ configuration: LlamaConfiguration) {
    layers = configuration.layers
    projections =
      2 * configuration.width * (configuration.queryWidth + configuration.keyValueWidth)
    keysAndValues = 2 * configuration.width * configuration.keyValueWidth
    mixing = 2 * configuration.queryWidth
    let matrices = configuration.feedForward == .gatedSilu ? 3 : 2
    experts = matrices * configuration.width * configuration.ffnWidth
    head = configuration.width * configuration.vocabulary
  }

  /// The cost of an encoder; the head is pooler and classifier, 0 without labels.
  public init(_ configuration: BertConfiguration) {
    layers = configuration.layers
    projections = 4 * configuration.width * configuration.width
    keysAndValues = 2 * configuration.width * configuration.width
    mixing = 2 * configuration.width
    experts = 2 * configuration.width * configuration.ffnWidth
    head =
      configuration.labels.isEmpty
      ? 0 : configuration.width * (configuration.width + configuration.labels.count)
  }

  /// Attention of one row in one layer.
  ///
  /// - Parameter positions: how many the row attends to, itself included.
  /// - Returns: multiply-accumulates.
  public func attention(positions: Int) -> Int { projections + mixing * positions }

  /// One row through all layers, without a head.
  ///
  /// - Parameter positions: how many the row attends to, itself included.
  /// - Returns: multiply-accumulates.
  public func row(positions: Int) -> Int { layers * (attention(positions: positions) + experts) }

  /// Rows `start ..< start + count` of a causal sequence through all layers, without a head.
  ///
  /// - Parameters:
  ///   - start: positions that are already in the cache.
  ///   - count: new rows.
  /// - Returns: multiply-accumulates; the same as the sum of `row` over the rows.
  public func causalRows(start: Int, count: Int) -> Int {
    let attended = count * start + count * (count + 1) / 2
    return layers * (count * (projections + experts) + mixing * attended)
  }
}
