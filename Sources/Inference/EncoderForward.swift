import Foundation
import Models
import Tensors

/// An encoder's fast path over a batch of whole texts, laid end to end without padding.
///
/// R rows, D width. Attention stays within each text. What a text gets is the same bit for bit
/// whatever other texts are in the batch.
///
/// Owned by the engine's thread: its buffers hold one step's rows at a time.
final class EncoderForward {
  let weights: EncoderWeights
  let shape: AttentionShape
  let workers: Workers
  /// The rows between two layers: (R, D).
  let x: RowBuffer
  let fused: RowBuffer
  private let scratch: RowBuffer
  let mixed: RowBuffer
  let projected: RowBuffer
  let hidden: RowBuffer
  /// What picks experts; nil where layers run whole.
  private let expertStep: ExpertStep?
  /// What computes some of a step's texts on one worker, for each worker; empty where there is only one.
  let soloists: [EncoderForward]

  var configuration: BertConfiguration { weights.configuration }

  /// Up to which share of its experts a layer is run by these alone; nil without experts.
  var payingShares: [PayingShare]? {
    expertStep.map { $0.rates.payingShares(experts: $0.experts.count) }
  }

  convenience init(_ weights: EncoderWeights, workers: Workers) {
    let rates = weights.frugal?.experts.map { experts in
      Self.rates(
        weights.layers[0],
        experts,
        weights.configuration.activation,
        workers.kernels
      )
    }
    let isAlone = workers.count == 1
    let soloists = (0 ..< (isAlone ? 0 : workers.count)).map { _ in
      EncoderForward(weights, Workers(count: 1, kernels: workers.kernels), rates, [])
    }
    self.init(weights, workers, rates, soloists)
  }

  private init(
    _ weights: EncoderWeights,
    _ workers: Workers,
    _ rates: ExpertRates?,
    _ soloists: [EncoderForward]
  ) {
    self.soloists = soloists
    self.weights = weights
    self.workers = workers
    let width = weights.configuration.width
    let heads = weights.configuration.heads
    shape = AttentionShape(heads: heads, groups: heads, headWidth: width / heads)
    x = RowBuffer(width: width)
    fused = RowBuffer(width: weights.layers[0].queryKeyValue.matrix.outputs)
    scratch = RowBuffer(width: KeyValuePages.pageSize * shape.keyWidth)
    mixed = RowBuffer(width: width)
    projected = RowBuffer(width: width)
    hidden = RowBuffer(width: weights.configuration.ffnWidth)
    expertStep = weights.frugal?.experts.map { experts in
      var step = ExpertStep(experts, width: width)
      step.rates = rates ?? ExpertRates()
      return step
    }
  }

  /// Begins a step: word, position and type embeddings, summed and normalised.
  func embed(_ batch: Batch) {
    x.resize(rows: batch.count)
    // Workers get numbers alone: a batch's rows hold requests, which only the engine's thread may look at.
    let inputs = batch.rows.map {
      (token: Int($0.token), position: $0.position, type: Int($0.type))
    }
    let (x, model, count) = (x, weights.model, workers.count)
    workers.together { worker in
      for row in inputs.count * worker / count ..< inputs.count * (worker + 1) / count {
        let (token, position, type) = inputs[row]
        x.setRow(row, to: model.wordEmbedding, row: token)
        x.addRow(row, model.positionEmbedding, row: position)
        if let table = model.typeEmbedding { x.addRow(row, table, row: type) }
      }
    }
    x.tookRows()
    normalize(model.embeddingNorm)
  }

  /// Drops rows that left the batch; `indices` are the ones that stay.
  func keep(_ indices: [Int]) { x.keep(indices) }

  /// Runs one layer, in place.
  ///
  /// - Parameters:
  ///   - index: which layer.
  ///   - texts: the batch rows of each text.
  ///   - taus: of each text, how strong an expert must be beside the strongest; nil runs layers whole. Empty is all nil.
  ///   - counters: gets the MACs of every product.
  /// - Returns: of every row, how many experts ran; nil where the layer ran whole. Empty is all nil.
  func layer(
    _ index: Int,
    texts: [Range<Int>],
    taus: [Float?] = [],
    counters: inout Work
  ) -> [Int?] {
    if let cuts = cuts(of: texts) {
      return shared(index, texts, taus, cuts, counters: &counters)
    }
    let layer = weights.layers[index]
    if hasBands(x.rows) { return banded(layer, texts, taus, counters: &counters) }
    project(layer, counters: &counters)
    attend(texts, counters: &counters)
    return finish(layer, rowTaus(texts, taus), counters: &counters)
  }

  /// Of every row, the threshold of its text; empty where no text has one.
  func rowTaus(_ texts: [Range<Int>], _ taus: [Float?]) -> [Float?] {
    guard taus.contains(where: { $0 != nil }) else { return [] }
    return zip(texts, taus).flatMap { [Float?](repeating: $1, count: $0.count) }
  }

  /// Queries, keys and values of all rows.
  func project(_ layer: EncoderWeights.Layer, counters: inout Work) {
    workers.run(layer.queryKeyValue, x, into: fused, part: .attention, counters: &counters)
  }

  /// Lets every row attend to its text.
  func attend(_ texts: [Range<Int>], counters: inout Work) {
    workers.attendFully(
      texts,
      fused,
      columns: weights.columns,
      shape: shape,
      scratch: scratch,
      into: mixed
    )
    for text in texts {
      counters.count(.attention, 2 * shape.queryWidth * text.count * text.count)
    }
  }

  /// What of a layer every row does by itself.
  func finish(_ layer: EncoderWeights.Layer, _ taus: [Float?], counters: inout Work) -> [Int?] {
    workers.run(layer.output, mixed, into: projected, part: .attention, counters: &counters)
    normalize(layer.attentionNorm, adding: projected)
    if let expertStep, !taus.isEmpty {
      let runs = feedForward(layer, expertStep, taus: taus, counters: &counters)
      normalize(layer.outputNorm, adding: projected)
      return runs
    }
    runAll(layer)
    counters.count(.experts, x.rows * (layer.up.macs + layer.down.macs))
    normalize(layer.outputNorm, adding: projected)
    counters.countExperts(1, pairs: x.rows)
    return []
  }

  /// One vector of a text's rows, as the model's pooling says: (D).
  func pool(_ rows: Range<Int>) -> [Float] {
    switch configuration.pooling {
    case .cls: return x.row(rows.lowerBound)
    case .lastToken: return x.row(rows.upperBound - 1)
    case .max:
      return rows.dropFirst().reduce(into: x.row(rows.lowerBound)) { most, index in
        for (d, value) in x.row(index).enumerated() { most[d] = max(most[d], value) }
      }
    case .mean: return mean(rows)
    }
  }

  /// The mean of a text's rows: (D).
  private func mean(_ rows: Range<Int>) -> [Float] {
    let mean = RowBuffer(width: configuration.width)
    workers.means(of: [rows], in: x, into: mean)
    return mean.row(0)
  }

  /// The classifier's logits for a text whose first row is `row`: one per label; nil without a head.
  func classify(firstRow row: Int, counters: inout Work) -> [Float]? {
    guard let classifier = weights.classifier else { return nil }
    let first = RowBuffer(width: configuration.width)
    first.take(row ..< row + 1, of: x)
    var pooled = first
    if let pooler = weights.pooler {
      pooled = apply(pooler, to: first, counters: &counters)
      switch configuration.poolerActivation {
      case .tanh: workers.hyperbolicTangent(pooled)
      case .relu: workers.activate(.relu, pooled, into: pooled)
      }
    }
    return apply(classifier, to: pooled, counters: &counters).row(0)
  }

  /// What `scores` tells, in the model's order of labels.
  func probabilities(_ logits: [Float]) -> [Float] {
    let total = logSumExp(logits[...])
    return logits.map { logit in
      switch configuration.problem {
      case .singleLabel: exp(logit - total)
      case .multiLabel: 1 / (1 + exp(-logit))
      case .regression: logit
      }
    }
  }

  /// Labels with their probabilities, best first: softmax, or one sigmoid each for a multi-label
  /// model, or the raw outputs of a regression.
  func scores(_ logits: [Float]) -> [LabelScore] {
    let scores = zip(configuration.labels, probabilities(logits)).map {
      LabelScore(label: $0, score: $1)
    }
    return scores.sorted { ($1.score, $0.label) < ($0.score, $1.label) }
  }

  private func apply(_ map: LinearMap, to rows: RowBuffer, counters: inout Work) -> RowBuffer {
    let output = RowBuffer(width: map.matrix.outputs)
    workers.run(map, rows, into: output, part: .head, counters: &counters)
    return output
  }

  private func normalize(_ norm: LayerNorm, adding residual: RowBuffer? = nil) {
    workers.layerNorm(
      x,
      adding: residual,
      gain: norm.gain,
      bias: norm.bias,
      epsilon: configuration.layerNormEpsilon,
      into: x,
      // All maps of the model that read the stream are stored alike.
      for: weights.layers[0].queryKeyValue.matrix.format
    )
  }
}

extension RowActivation {
  /// The kernel of a model's activation.
  init(_ activation: BertConfiguration.Activation) {
    switch activation {
    case .gelu: self = .geluErf
    case .geluTanh: self = .geluTanh
    case .relu: self = .relu
    }
  }
}
