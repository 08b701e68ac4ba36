import Foundation
import Models
import Tensors

/// An encoder's fast path over a batch of whole texts, laid end to end without padding.
///
/// R rows, D width. Attention stays within each text.
struct EncoderForward {
  let configuration: BertConfiguration
  let weights: BertWeights
  let shape: AttentionShape

  init(_ configuration: BertConfiguration, _ weights: BertWeights) {
    self.configuration = configuration
    self.weights = weights
    shape = AttentionShape(
      heads: configuration.heads,
      groups: configuration.heads,
      headWidth: configuration.width / configuration.heads
    )
  }

  /// Word, position and type embeddings, summed and normalised: (R, D).
  func embed(_ batch: Batch) -> [Float] {
    var x: [Float] = []
    var positions: [Float] = []
    var types: [Float] = []
    for row in batch.rows {
      x += weights.wordEmbedding.row(Int(row.token))
      positions += weights.positionEmbedding.row(row.position)
      if let table = weights.typeEmbedding { types += table.row(Int(row.type)) }
    }
    Rows.add(positions, to: &x)
    if weights.typeEmbedding != nil { Rows.add(types, to: &x) }
    normalize(&x, weights.embeddingNorm)
    return x
  }

  /// Runs one layer, in place.
  ///
  /// - Parameters:
  ///   - index: which layer.
  ///   - texts: the batch rows of each text.
  ///   - x: (R, D).
  ///   - counters: gets the MACs of every product.
  func layer(
    _ index: Int,
    texts: [Range<Int>],
    _ x: inout [Float],
    counters: inout Work
  ) {
    let layer = weights.layers[index]
    let rows = x.count / configuration.width
    let queries = affine(layer.query, x, part: .attention, counters: &counters)
    let keys = affine(layer.key, x, part: .attention, counters: &counters)
    let values = affine(layer.value, x, part: .attention, counters: &counters)
    var mixed = [Float](repeating: 0, count: queries.count)
    for text in texts {
      Attention.full(
        queries: queries,
        keys: keys,
        values: values,
        rows: text,
        shape: shape,
        into: &mixed
      )
      counters.count(.attention, 2 * shape.queryWidth * text.count * text.count)
    }
    Rows.add(affine(layer.output, mixed, part: .attention, counters: &counters), to: &x)
    normalize(&x, layer.attentionNorm)

    var hidden = affine(layer.up, x, part: .experts, counters: &counters)
    activate(&hidden)
    Rows.add(affine(layer.down, hidden, part: .experts, counters: &counters), to: &x)
    normalize(&x, layer.outputNorm)
    counters.countExperts(1, pairs: rows)
  }

  /// One vector of a text's rows, as the model's pooling says: (D).
  func pool(_ rows: Range<Int>, _ x: [Float]) -> [Float] {
    let width = configuration.width
    func row(_ index: Int) -> ArraySlice<Float> { x[index * width ..< (index + 1) * width] }
    switch configuration.pooling {
    case .cls: return Array(row(rows.lowerBound))
    case .lastToken: return Array(row(rows.upperBound - 1))
    case .max:
      return rows.dropFirst().reduce(into: Array(row(rows.lowerBound))) { most, index in
        for (d, value) in row(index).enumerated() { most[d] = max(most[d], value) }
      }
    case .mean:
      var sum = [Double](repeating: 0, count: width)
      for index in rows { for (d, value) in row(index).enumerated() { sum[d] += Double(value) } }
      return sum.map { Float($0 / Double(rows.count)) }
    }
  }

  /// The classifier's logits for a text whose first row is `row`: one per label; nil without a head.
  func classify(firstRow row: Int, _ x: [Float], counters: inout Work) -> [Float]? {
    guard let classifier = weights.classifier else { return nil }
    let width = configuration.width
    var pooled = Array(x[row * width ..< (row + 1) * width])
    if let pooler = weights.pooler {
      pooled = affine(pooler, pooled, part: .head, counters: &counters)
      switch configuration.poolerActivation {
      case .tanh: pooled = pooled.map { tanhf($0) }
      case .relu: Rows.relu(&pooled)
      }
    }
    return affine(classifier, pooled, part: .head, counters: &counters)
  }

  /// Labels with their probabilities, best first: softmax, or one sigmoid each for a multi-label
  /// model, or the raw outputs of a regression.
  func scores(_ logits: [Float]) -> [LabelScore] {
    let total = logSumExp(logits[...])
    let scores = zip(configuration.labels, logits).map { label, logit in
      switch configuration.problem {
      case .singleLabel: LabelScore(label: label, score: exp(logit - total))
      case .multiLabel: LabelScore(label: label, score: 1 / (1 + exp(-logit)))
      case .regression: LabelScore(label: label, score: logit)
      }
    }
    return scores.sorted { ($1.score, $0.label) < ($0.score, $1.label) }
  }

  private func affine(
    _ map: Dense,
    _ x: [Float],
    part: Part,
    counters: inout Work
  ) -> [Float] {
    var y = product(map.matrix, x, part: part, counters: &counters)
    Rows.addBias(map.bias, to: &y)
    return y
  }

  private func normalize(_ x: inout [Float], _ norm: LayerNorm) {
    Rows.layerNorm(
      &x,
      gain: norm.gain,
      bias: norm.bias,
      epsilon: configuration.layerNormEpsilon
    )
  }

  private func activate(_ x: inout [Float]) {
    switch configuration.activation {
    case .gelu: Rows.geluErf(&x)
    case .geluTanh: Rows.geluTanh(&x)
    case .relu: Rows.relu(&x)
    }
  }
}
