import Models
import Tensors

/// A language model's fast path over a mixed batch: rows of many sequences, each at its own position.
///
/// R rows, D width, V vocabulary. `counters` receives the MACs of whole matrix products where they
/// are called; bills count the same work row by row.
struct LanguageForward {
  let configuration: LlamaConfiguration
  let weights: LlamaWeights
  let shape: AttentionShape
  private let frequencies: [Float]

  init(_ configuration: LlamaConfiguration, _ weights: LlamaWeights) {
    self.configuration = configuration
    self.weights = weights
    frequencies = configuration.position == .rotary ? ropeFrequencies(configuration) : []
    shape = AttentionShape(configuration)
  }

  /// Looks up the batch's tokens: (R, D).
  func embed(_ batch: Batch) -> [Float] {
    var x: [Float] = []
    x.reserveCapacity(batch.count * configuration.width)
    for row in batch.rows { x += weights.embedding.row(Int(row.token)) }
    if let table = weights.positionEmbedding {
      Rows.add(batch.rows.flatMap { table.row($0.position) }, to: &x)
    }
    return x
  }

  /// Runs one layer, in place, and stores the rows' keys and values.
  ///
  /// - Parameters:
  ///   - index: which layer.
  ///   - batch: the rows; rows of one sequence stand in order of position.
  ///   - x: (R, D).
  ///   - pages: the cache; every row's sequence has pages up to its position.
  ///   - counters: gets the MACs of every product.
  func layer(
    _ index: Int,
    _ batch: Batch,
    _ x: inout [Float],
    pages: KeyValuePages,
    counters: inout Work
  ) {
    let layer = weights.layers[index]
    var normed = normed(x, layer.attentionNorm, layer.attentionNormBias)
    let mixed = attend(index, layer, batch, normed, pages: pages, counters: &counters)
    Rows.add(
      affine(layer.output, layer.outputBias, mixed, part: .attention, counters: &counters),
      to: &x
    )
    normed = self.normed(x, layer.ffnNorm, layer.ffnNormBias)
    let neurons = neurons(layer, normed, counters: &counters)
    Rows.add(
      affine(layer.down, layer.downBias, neurons, part: .experts, counters: &counters),
      to: &x
    )
    counters.countExperts(1, pairs: batch.count)
  }

  private func neurons(
    _ layer: LlamaLayer,
    _ normed: [Float],
    counters: inout Work
  ) -> [Float] {
    var up = affine(layer.up, layer.upBias, normed, part: .experts, counters: &counters)
    switch (configuration.feedForward, layer.gate) {
    case (.gatedSilu, let matrix?):
      var gate = affine(matrix, layer.gateBias, normed, part: .experts, counters: &counters)
      Rows.siluMultiply(&gate, up: up)
      return gate
    case (.plain(.gelu), _): Rows.geluErf(&up)
    case (.plain(.geluTanh), _): Rows.geluTanh(&up)
    case (.plain(.relu), _): Rows.relu(&up)
    case (.gatedSilu, nil): preconditionFailure("a gated layer without a gate")
    }
    return up
  }

  private func normed(_ x: [Float], _ gain: [Float], _ bias: [Float]?) -> [Float] {
    var normed = x
    if let bias {
      Rows.layerNorm(&normed, gain: gain, bias: bias, epsilon: configuration.rmsEpsilon)
    } else {
      Rows.rmsNorm(x, gain: gain, epsilon: configuration.rmsEpsilon, into: &normed)
    }
    return normed
  }

  private func affine(
    _ matrix: Matrix,
    _ bias: [Float]?,
    _ x: [Float],
    part: Part,
    counters: inout Work
  ) -> [Float] {
    var y = product(matrix, x, part: part, counters: &counters)
    if let bias { Rows.addBias(bias, to: &y) }
    return y
  }

  private func attend(
    _ index: Int,
    _ layer: LlamaLayer,
    _ batch: Batch,
    _ normed: [Float],
    pages: KeyValuePages,
    counters: inout Work
  ) -> [Float] {
    var queries = affine(
      layer.query,
      layer.queryBias,
      normed,
      part: .attention,
      counters: &counters
    )
    var keys = affine(layer.key, layer.keyBias, normed, part: .attention, counters: &counters)
    let values = affine(layer.value, layer.valueBias, normed, part: .attention, counters: &counters)
    // A head's gain is as wide as the head, so that each head counts as a row.
    if let gain = layer.queryNorm { queries = self.normed(queries, gain, nil) }
    if let gain = layer.keyNorm { keys = self.normed(keys, gain, nil) }
    if configuration.position == .rotary {
      let positions = batch.rows.map { Int32($0.position) }
      Rows.rope(&queries, positions: positions, frequencies: frequencies)
      Rows.rope(&keys, positions: positions, frequencies: frequencies)
    }
    for (row, entry) in batch.rows.enumerated() {
      let page = entry.position / pages.pageSize
      pages.store(
        layer: index,
        page: entry.sequence.pages[page],
        slot: entry.position % pages.pageSize,
        row: row,
        keys: keys,
        values: values
      )
    }
    var mixed = [Float](repeating: 0, count: queries.count)
    var scores: [Float] = []
    for (row, entry) in batch.rows.enumerated() {
      pages.attend(
        layer: index,
        row: row,
        queries: queries,
        pages: entry.sequence.pages,
        positions: entry.seen,
        scores: &scores,
        into: &mixed
      )
      counters.count(.attention, 2 * shape.queryWidth * entry.seen)
    }
    return mixed
  }

  /// Logits of the rows that want them: (wanting rows, V), in batch order.
  func logits(_ batch: Batch, _ x: [Float], counters: inout Work) -> [Float] {
    let width = configuration.width
    var wanted: [Float] = []
    for (row, entry) in batch.rows.enumerated() where entry.wantsLogits {
      wanted += x[row * width ..< (row + 1) * width]
    }
    guard !wanted.isEmpty else { return [] }
    let normed = normed(wanted, weights.finalNorm, weights.finalNormBias)
    return product(weights.head, normed, part: .head, counters: &counters)
  }
}

/// x · Wᵀ for all rows of x (R, in) at once, counted: the one call through which all matrix work goes.
func product(
  _ matrix: Matrix,
  _ x: [Float],
  part: Part,
  counters: inout Work
) -> [Float] {
  let rows = x.count / matrix.inputs
  var y = [Float](repeating: 0, count: rows * matrix.outputs)
  var out = y.mutableSpan
  matrix.multiply(x.span, rows: rows, into: &out)
  counters.count(part, rows * matrix.outputs * matrix.inputs)
  return y
}
