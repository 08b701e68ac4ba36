import Models
import Tensors

/// A language model's fast path over a mixed batch: rows of many sequences, each at its own position.
///
/// R rows, D width, V vocabulary. `counters` receives the MACs of whole matrix products where they
/// are called; bills count the same work row by row. What a row gets is the same bit for bit whatever
/// other rows are in the batch.
///
/// Owned by the engine's thread: its buffers hold one step's rows at a time.
final class LanguageForward {
  let weights: LanguageWeights
  let shape: AttentionShape
  private let workers: Workers
  private let frequencies: [Float]
  private var runs: [AttentionRun] = []
  private var turns = RopeTurns(positions: [], frequencies: [])
  /// The rows between two layers: (R, D).
  private let x: RowBuffer
  private let normed: RowBuffer
  private let fused: RowBuffer
  private let mixed: RowBuffer
  private let neurons: RowBuffer
  /// What the neurons give; `neurons` itself where they have no gates.
  private let hidden: RowBuffer
  private let last: RowBuffer
  /// What the head says: (rows that asked, V).
  let logits: RowBuffer

  var configuration: LlamaConfiguration { weights.configuration }

  init(_ weights: LanguageWeights, workers: Workers) {
    self.weights = weights
    self.workers = workers
    let configuration = weights.configuration
    frequencies = configuration.position == .rotary ? ropeFrequencies(configuration) : []
    shape = AttentionShape(configuration)
    let layer = weights.layers[0]
    x = RowBuffer(width: configuration.width)
    normed = RowBuffer(width: configuration.width)
    fused = RowBuffer(width: layer.queryKeyValue.matrix.outputs)
    mixed = RowBuffer(width: shape.queryWidth)
    neurons = RowBuffer(width: layer.neurons.matrix.outputs)
    hidden =
      configuration.feedForward == .gatedSilu
      ? RowBuffer(width: layer.down.matrix.inputs) : neurons
    last = RowBuffer(width: configuration.width)
    logits = RowBuffer(width: configuration.vocabulary)
  }

  /// Begins a step: looks up the batch's tokens.
  func embed(_ batch: Batch) {
    x.resize(rows: batch.count)
    for (row, entry) in batch.rows.enumerated() {
      x.setRow(row, weights.embedding.row(Int(entry.token)))
      if let table = weights.positionEmbedding { x.addRow(row, table.row(entry.position)) }
    }
    place(batch)
  }

  /// Drops rows that left the batch; `indices` are the ones that stay.
  func keep(_ indices: [Int], _ batch: Batch) {
    x.keep(indices)
    place(batch)
  }

  /// What all layers of a step share: which rows follow each other in a sequence, and their turns.
  private func place(_ batch: Batch) {
    runs = batch.runs
    let positions = batch.rows.map { Int32($0.position) }
    turns = RopeTurns(positions: positions, frequencies: frequencies)
  }

  /// Runs one layer, in place, and stores the rows' keys and values.
  ///
  /// - Parameters:
  ///   - index: which layer.
  ///   - batch: the rows; rows of one sequence stand in order of position.
  ///   - pages: the cache; every row's sequence has pages up to its position.
  ///   - counters: gets the MACs of every product.
  func layer(_ index: Int, _ batch: Batch, pages: KeyValuePages, counters: inout Work) {
    let layer = weights.layers[index]
    normalize(x, layer.attentionNorm, into: normed, for: layer.queryKeyValue)
    attend(index, layer, batch, pages: pages, counters: &counters)
    workers.run(layer.output, mixed, adding: true, into: x, part: .attention, counters: &counters)

    normalize(x, layer.ffnNorm, into: normed, for: layer.neurons)
    workers.run(layer.neurons, normed, into: neurons, part: .experts, counters: &counters)
    workers.activate(activation, neurons, into: hidden, for: layer.down.matrix.format)
    workers.run(layer.down, hidden, adding: true, into: x, part: .experts, counters: &counters)
    counters.countExperts(1, pairs: batch.count)
  }

  private func attend(
    _ index: Int,
    _ layer: LanguageWeights.Layer,
    _ batch: Batch,
    pages: KeyValuePages,
    counters: inout Work
  ) {
    let part = Part.attention
    workers.run(layer.queryKeyValue, normed, into: fused, part: part, counters: &counters)
    let columns = weights.columns
    if let (query, key) = layer.headNorms {
      let epsilon = configuration.rmsEpsilon
      workers.rmsNormHeads(fused, column: columns.query, shape.heads, gain: query, epsilon: epsilon)
      workers.rmsNormHeads(fused, column: columns.key, shape.groups, gain: key, epsilon: epsilon)
    }
    if configuration.position == .rotary {
      workers.rope(fused, column: columns.query, heads: shape.heads, turns: turns)
      workers.rope(fused, column: columns.key, heads: shape.groups, turns: turns)
    }
    workers.attend(runs, fused, columns: columns, layer: index, cache: pages, into: mixed)
    let seen = batch.rows.reduce(0) { $0 + $1.seen }
    counters.count(.attention, 2 * shape.queryWidth * seen)
  }

  private func normalize(_ x: RowBuffer, _ norm: RowNorm, into y: RowBuffer, for map: LinearMap) {
    let (epsilon, format) = (configuration.rmsEpsilon, map.matrix.format)
    if let bias = norm.bias {
      workers.layerNorm(x, gain: norm.gain, bias: bias, epsilon: epsilon, into: y, for: format)
    } else {
      workers.rmsNorm(x, gain: norm.gain, epsilon: epsilon, into: y, for: format)
    }
  }

  private var activation: RowActivation {
    switch configuration.feedForward {
    case .gatedSilu: .siluGate
    case .plain(let activation): RowActivation(activation)
    }
  }

  /// Scores the vocabulary for the rows that want it: `logits`, in batch order.
  func score(_ batch: Batch, counters: inout Work) {
    let wanting = batch.rows.indices.filter { batch.rows[$0].wantsLogits }
    last.resize(rows: wanting.count)
    for (place, row) in wanting.enumerated() { last.setRow(place, from: x, row: row) }
    guard !wanting.isEmpty else { return logits.resize(rows: 0) }
    normalize(last, weights.finalNorm, into: last, for: weights.head)
    workers.run(weights.head, last, into: logits, part: .head, counters: &counters)
  }
}
