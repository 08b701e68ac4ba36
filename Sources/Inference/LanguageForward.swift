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
  let workers: Workers
  private let frequencies: [Float]
  private var runs: [AttentionRun] = []
  private var turns = RopeTurns(positions: [], frequencies: [])
  /// The rows between two layers: (R, D).
  let x: RowBuffer
  /// Rows that leave and rows that lend, apart from those that go on; unused without streams.
  let parting: PartingRows
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
    parting = PartingRows(configuration, weights)
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
      x.setRow(row, to: weights.embedding, row: Int(entry.token))
      if let table = weights.positionEmbedding { x.addRow(row, table, row: entry.position) }
    }
    x.tookRows()
    place(batch)
  }

  /// Drops rows that left the batch; `indices` are the ones that stay.
  func keep(_ indices: [Int], _ batch: Batch) {
    x.keep(indices)
    place(batch)
  }

  /// What all layers of a step share: which rows follow each other in a sequence, and their turns.
  func place(_ batch: Batch) {
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
    let lending = batch.lending
    let owing = batch.rows.count { $0.stage == .owing }
    normalize(x, layer.attentionNorm, into: normed, for: layer.queryKeyValue)
    project(layer, lending: lending, owing: owing, counters: &counters)
    attend(index, layer, batch, pages: pages, counters: &counters)
    // Rows that lend stay as they left.
    let (state, seen) = lending.isEmpty ? (x, mixed) : parting.going(x, mixed, without: lending)
    func run(_ map: LinearMap, _ rows: RowBuffer, adding: Bool, into y: RowBuffer, _ part: Part) {
      workers.run(
        map,
        rows,
        adding: adding,
        into: y,
        part: part,
        extraRows: owing,
        counters: &counters
      )
    }
    run(layer.output, seen, adding: true, into: state, .attention)
    normalize(state, layer.ffnNorm, into: normed, for: layer.neurons)
    run(layer.neurons, normed, adding: false, into: neurons, .experts)
    workers.activate(activation, neurons, into: hidden, for: layer.down.matrix.format)
    run(layer.down, hidden, adding: true, into: state, .experts)
    counters.countExperts(1, pairs: state.rows)
    if !lending.isEmpty { parting.comeBack(into: x, without: lending) }
  }

  /// Queries, keys and values of `normed`; only keys and values of rows that lend.
  private func project(
    _ layer: LanguageWeights.Layer,
    lending: [Int],
    owing: Int,
    counters: inout Work
  ) {
    guard !lending.isEmpty else {
      workers.run(
        layer.queryKeyValue,
        normed,
        into: fused,
        part: .attention,
        extraRows: owing,
        counters: &counters
      )
      return
    }
    parting.split(normed, lending: lending)
    workers.run(
      layer.queryKeyValue,
      parting.goingNormed,
      into: parting.goingFused,
      part: .attention,
      extraRows: owing,
      counters: &counters
    )
    workers.run(
      layer.keyValue,
      parting.lentNormed,
      into: parting.lent,
      part: .attention,
      isExtra: true,
      counters: &counters
    )
    parting.join(into: fused, lending: lending)
  }

  private func attend(
    _ index: Int,
    _ layer: LanguageWeights.Layer,
    _ batch: Batch,
    pages: KeyValuePages,
    counters: inout Work
  ) {
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
    var (seen, owed) = (0, 0)
    for row in batch.rows where row.stage != .lending {
      seen += row.seen
      if row.stage == .owing { owed += row.seen }
    }
    let each = 2 * shape.queryWidth
    counters.count(.attention, each * seen, dense: each * (seen - owed))
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
