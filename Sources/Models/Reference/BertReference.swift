public import Tensors

/// The encoder forward as BERT's paper writes it: one text at a time, nothing fast.
///
/// Devlin et al., "BERT", arXiv:1810.04805; pooling: Reimers and Gurevych, "Sentence-BERT",
/// arXiv:1908.10084.
public struct BertReference: Sendable {
  /// The model's shape.
  public let configuration: BertConfiguration
  /// The model's weights.
  public let weights: BertWeights

  /// A forward through `weights`, whose shapes are those of `configuration`.
  public init(configuration: BertConfiguration, weights: BertWeights) {
    self.configuration = configuration
    self.weights = weights
  }

  /// The rows after the last layer.
  ///
  /// - Parameters:
  ///   - tokens: (T), each below the vocabulary, T at most `positionsMax`.
  ///   - types: (T), the segment of each token; nil is segment 0; a model without segments does not look.
  /// - Returns: (T, width).
  public func hidden(_ tokens: [Int32], types: [Int32]? = nil) -> Tensor {
    let segments = types ?? [Int32](repeating: 0, count: tokens.count)
    precondition(
      segments.count == tokens.count,
      "\(segments.count) types of \(tokens.count) tokens"
    )
    var x = Tensor(rowsOf: weights.wordEmbedding, at: tokens.map(Int.init))
      .plus(Tensor(rowsOf: weights.positionEmbedding, at: Array(tokens.indices)))
    if let table = weights.typeEmbedding {
      x = x.plus(Tensor(rowsOf: table, at: segments.map(Int.init)))
    }
    x = normed(x, weights.embeddingNorm)
    for layer in weights.layers {
      x = normed(x.plus(attention(x, layer)), layer.attentionNorm)
      let neurons = x.through(layer.up).activated(configuration.activation)
      x = normed(x.plus(neurons.through(layer.down)), layer.outputNorm)
    }
    return x
  }

  /// The vector of a text: pooled as the model says, and of length 1 if the model says so.
  ///
  /// - Parameters:
  ///   - tokens: (T), as `hidden` takes them.
  ///   - types: (T), as `hidden` takes them.
  /// - Returns: (width).
  public func embed(_ tokens: [Int32], types: [Int32]? = nil) -> [Float] {
    let pooled = pooled(hidden(tokens, types: types))
    guard configuration.normalize else { return pooled }
    let square = pooled.reduce(0.0) { $0 + Double($1) * Double($1) }
    let length = max(square.squareRoot(), 1e-12)
    return pooled.map { Float(Double($0) / length) }
  }

  /// The logits of the classification head, which the model must have.
  ///
  /// - Parameters:
  ///   - tokens: (T), as `hidden` takes them.
  ///   - types: (T), as `hidden` takes them.
  /// - Returns: (labels).
  public func classify(_ tokens: [Int32], types: [Int32]? = nil) -> [Float] {
    guard let pooler = weights.pooler, let classifier = weights.classifier else {
      preconditionFailure("a model of \(configuration.labels.count) labels classifies nothing")
    }
    let first = Tensor(
      shape: [1, configuration.width],
      values: hidden(tokens, types: types).row(0)
    )
    let dense = first.through(pooler)
    let pooled = configuration.poolerActivation == .tanh ? dense.hyperbolicTangent() : dense.relu()
    return pooled.through(classifier).values
  }

  private func attention(_ x: Tensor, _ layer: BertLayer) -> Tensor {
    let headWidth = configuration.headWidth
    let queries = x.through(layer.query)
    let keys = x.through(layer.key)
    let values = x.through(layer.value)
    let mixed = (0 ..< configuration.heads).map { head in
      let own = head * headWidth ..< (head + 1) * headWidth
      return queries.columns(own).timesTransposed(keys.columns(own))
        .scaled(by: 1 / Float(headWidth).squareRoot())
        .softmax().times(values.columns(own))
    }
    return Tensor.beside(mixed).through(layer.output)
  }

  private func normed(_ x: Tensor, _ norm: LayerNorm) -> Tensor {
    x.layerNorm(gain: norm.gain, bias: norm.bias, epsilon: configuration.layerNormEpsilon)
  }

  private func pooled(_ hidden: Tensor) -> [Float] {
    switch configuration.pooling {
    case .cls: return hidden.row(0)
    case .lastToken: return hidden.row(hidden.rows - 1)
    case .mean:
      return (0 ..< hidden.columns).map { column in
        let sum = (0 ..< hidden.rows).reduce(0.0) {
          $0 + Double(hidden.values[$1 * hidden.columns + column])
        }
        return Float(sum / Double(hidden.rows))
      }
    case .max:
      return (0 ..< hidden.columns).map { column in
        (0 ..< hidden.rows).reduce(-Float.infinity) {
          max($0, hidden.values[$1 * hidden.columns + column])
        }
      }
    }
  }
}

extension Tensor {
  fileprivate func through(_ dense: Dense) -> Tensor {
    through(dense.matrix).plus(rowOf: dense.bias)
  }
}
