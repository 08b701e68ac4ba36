public import Tensors

/// The Llama forward as the papers write it: whole sequences, no cache, nothing fast.
///
/// Touvron et al., "LLaMA", arXiv:2302.13971; grouped-query attention: Ainslie et al.,
/// arXiv:2305.13245; SwiGLU: Shazeer, arXiv:2002.05202.
public struct LlamaReference: Sendable {
  /// The model's shape.
  public let configuration: LlamaConfiguration
  /// The model's weights.
  public let weights: LlamaWeights

  /// A forward through `weights`, whose shapes are those of `configuration`.
  public init(configuration: LlamaConfiguration, weights: LlamaWeights) {
    self.configuration = configuration
    self.weights = weights
  }

  /// Next-token logits after every token.
  ///
  /// - Parameter tokens: (T), each below the vocabulary.
  /// - Returns: (T, vocabulary).
  public func logits(_ tokens: [Int32]) -> Tensor { hidden(tokens).through(weights.head) }

  /// The rows that the head reads.
  ///
  /// - Parameter tokens: (T), each below the vocabulary.
  /// - Returns: (T, width), after the final norm.
  public func hidden(_ tokens: [Int32]) -> Tensor {
    let rope = RopeTable(configuration, positions: tokens.count)
    let epsilon = configuration.rmsEpsilon
    var x = Tensor(rowsOf: weights.embedding, at: tokens.map(Int.init))
    for layer in weights.layers {
      let attended = attention(
        x.rmsNorm(gain: layer.attentionNorm, epsilon: epsilon),
        layer,
        rope: rope
      )
      x = x.plus(attended)
      let normed = x.rmsNorm(gain: layer.ffnNorm, epsilon: epsilon)
      let gated = normed.through(layer.gate).silu().scaled(by: normed.through(layer.up))
      x = x.plus(gated.through(layer.down))
    }
    return x.rmsNorm(gain: weights.finalNorm, epsilon: epsilon)
  }

  private func attention(_ x: Tensor, _ layer: LlamaLayer, rope: RopeTable) -> Tensor {
    let headWidth = configuration.headWidth
    let queries = turned(x.through(layer.query), rope)
    let keys = turned(x.through(layer.key), rope)
    let values = x.through(layer.value)
    let sharing = configuration.heads / configuration.keyValueHeads
    let mixed = (0 ..< configuration.heads).map { head in
      let own = head * headWidth ..< (head + 1) * headWidth
      let start = head / sharing * headWidth
      let shared = start ..< start + headWidth
      let scores = queries.columns(own).timesTransposed(keys.columns(shared))
        .scaled(by: 1 / Float(headWidth).squareRoot())
      return scores.causallyMasked().softmax().times(values.columns(shared))
    }
    return Tensor.beside(mixed).through(layer.output)
  }

  /// Every head of every row turned by its position.
  private func turned(_ x: Tensor, _ rope: RopeTable) -> Tensor {
    var x = x
    let columns = x.columns
    let rows = x.rows
    var values = x.values.mutableSpan
    for row in 0 ..< rows {
      for start in stride(from: 0, to: columns, by: configuration.headWidth) {
        rope.turn(&values, start: row * columns + start, position: row)
      }
    }
    return x
  }
}
