public import Tensors

/// The forward of a language model as the papers write it: whole sequences, no cache, nothing fast.
///
/// Touvron et al., "LLaMA", arXiv:2302.13971; grouped-query attention: Ainslie et al.,
/// arXiv:2305.13245; SwiGLU: Shazeer, arXiv:2002.05202; norms of heads: Dehghani et al.,
/// arXiv:2302.05442; the plain layer: Radford et al., GPT-2, 2019.
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
    var x = Tensor(rowsOf: weights.embedding, at: tokens.map(Int.init))
    if let table = weights.positionEmbedding {
      x = x.plus(Tensor(rowsOf: table, at: Array(tokens.indices)))
    }
    for layer in weights.layers {
      x = x.plus(attention(normed(x, layer.attentionNorm, layer.attentionNormBias), layer))
      x = x.plus(feedForward(normed(x, layer.ffnNorm, layer.ffnNormBias), layer))
    }
    return normed(x, weights.finalNorm, weights.finalNormBias)
  }

  private func normed(_ x: Tensor, _ gain: [Float], _ bias: [Float]?) -> Tensor {
    let epsilon = configuration.rmsEpsilon
    guard let bias else { return x.rmsNorm(gain: gain, epsilon: epsilon) }
    return x.layerNorm(gain: gain, bias: bias, epsilon: epsilon)
  }

  private func feedForward(_ x: Tensor, _ layer: LlamaLayer) -> Tensor {
    let up = x.through(layer.up, layer.upBias)
    let neurons: Tensor
    switch (configuration.feedForward, layer.gate) {
    case (.gatedSilu, let gate?):
      neurons = x.through(gate, layer.gateBias).silu().scaled(by: up)
    case (.plain(let activation), nil): neurons = up.activated(activation)
    default: preconditionFailure("\(configuration.feedForward), and a gate or none")
    }
    return neurons.through(layer.down, layer.downBias)
  }

  private func attention(_ x: Tensor, _ layer: LlamaLayer) -> Tensor {
    let headWidth = configuration.headWidth
    var queries = x.through(layer.query, layer.queryBias)
    var keys = x.through(layer.key, layer.keyBias)
    let values = x.through(layer.value, layer.valueBias)
    if let gain = layer.queryNorm { queries = headsNormed(queries, gain) }
    if let gain = layer.keyNorm { keys = headsNormed(keys, gain) }
    if configuration.position == .rotary {
      let rope = RopeTable(configuration, positions: x.rows)
      queries = turned(queries, rope)
      keys = turned(keys, rope)
    }
    let sharing = configuration.heads / configuration.keyValueHeads
    let mixed = (0 ..< configuration.heads).map { head in
      let own = head * headWidth ..< (head + 1) * headWidth
      let start = head / sharing * headWidth
      let shared = start ..< start + headWidth
      let scores = queries.columns(own).timesTransposed(keys.columns(shared))
        .scaled(by: 1 / Float(headWidth).squareRoot())
      return scores.causallyMasked().softmax().times(values.columns(shared))
    }
    return Tensor.beside(mixed).through(layer.output, layer.outputBias)
  }

  /// Every head of every row divided by its root mean square.
  private func headsNormed(_ x: Tensor, _ gain: [Float]) -> Tensor {
    let heads = Tensor(shape: [x.values.count / gain.count, gain.count], values: x.values)
    let normed = heads.rmsNorm(gain: gain, epsilon: configuration.rmsEpsilon)
    return Tensor(shape: x.shape, values: normed.values)
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

extension Tensor {
  fileprivate func through(_ matrix: Matrix, _ bias: [Float]?) -> Tensor {
    bias.map { through(matrix).plus(rowOf: $0) } ?? through(matrix)
  }

  /// f of every number.
  func activated(_ activation: BertConfiguration.Activation) -> Tensor {
    switch activation {
    case .gelu: gelu()
    case .geluTanh: geluTanh()
    case .relu: relu()
    }
  }
}
