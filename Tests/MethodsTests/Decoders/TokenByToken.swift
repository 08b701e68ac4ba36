import Models
import Tensors

@testable import Methods

/// A decoder with exits as a daemon would run it: one token after the other, with caches of keys and values.
///
/// Slow and plain, on the arithmetic of `LlamaReference`; only for Llamas without biases.
struct TokenByToken {
  let model: TinyDecoder
  let heads: TokenHeads<Float>
  let rule: ExitRule

  struct Answer {
    var exit: Int
    var label: Int
    var confidence: Float
  }

  /// Keys and values of one layer, a row for each token so far.
  private struct Cache {
    var keys: [[Float]] = []
    var values: [[Float]] = []
  }

  func answers(_ tokens: [Int32]) -> [Answer] {
    var caches = [Cache](repeating: Cache(), count: model.configuration.layers)
    let zeros = [Float](repeating: 0, count: model.configuration.width)
    var sums = [[Float]](repeating: zeros, count: heads.exits)
    return tokens.indices.map { step(tokens[$0], position: $0, &caches, &sums) }
  }

  private func step(
    _ token: Int32,
    position: Int,
    _ caches: inout [Cache],
    _ sums: inout [[Float]]
  ) -> Answer {
    let (configuration, epsilon) = (model.configuration, model.configuration.rmsEpsilon)
    var x = Tensor(rowsOf: model.weights.embedding, at: [Int(token)])
    var (answer, logits): (Answer?, [[Float]]) = (nil, [])
    for (index, layer) in model.weights.layers.enumerated() {
      let normed = x.rmsNorm(gain: layer.attentionNorm, epsilon: epsilon)
      caches[index].keys.append(turned(normed.through(layer.key), position))
      caches[index].values.append(normed.through(layer.value).values)
      let exit = heads.layers.firstIndex(of: index + 1)
      // A token that has left gives no more than these, and its part of the means.
      guard answer == nil else {
        if let exit { _ = features(x, position, &sums[exit]) }
        continue
      }
      let query = turned(normed.through(layer.query), position)
      x = x.plus(attended(query, caches[index]).through(layer.output))
      let y = x.rmsNorm(gain: layer.ffnNorm, epsilon: epsilon)
      guard let gate = layer.gate else { preconditionFailure("a plain layer") }
      let neurons = y.through(gate).silu().scaled(by: y.through(layer.up))
      x = x.plus(neurons.through(layer.down))
      guard let exit else { continue }
      // Plain heads that are not asked are not run either.
      guard exit >= rule.first || heads.isJoined else { continue }
      let own = opinion(features(x, position, &sums[exit]), exit: exit, &logits)
      guard exit >= rule.first else { continue }
      let isSure = Double(own.confidence) > rule.threshold
      if isSure || index + 1 == configuration.layers { answer = own }
    }
    guard let answer else { preconditionFailure("no exit after the last layer") }
    return answer
  }

  private func features(_ x: Tensor, _ position: Int, _ sums: inout [Float]) -> [Float] {
    let ones = [Float](repeating: 1, count: x.columns)
    let unit = x.rmsNorm(gain: ones, epsilon: model.configuration.rmsEpsilon).values
    for (place, value) in unit.enumerated() { sums[place] += value }
    return unit + sums.map { $0 / Float(position + 1) }
  }

  private func opinion(_ features: [Float], exit: Int, _ logits: inout [[Float]]) -> Answer {
    let tape = TinyDecoder.tape
    func variable(_ row: [Float]) -> Variable<Float> {
      tape.input(row, rows: 1, columns: row.count)
    }
    let before = logits.last.map(variable)
    let own = heads.logits(exit: exit, variable(features), before: before, tape)
    logits.append(own.values)
    // A plain head is its own opinion, whether earlier ones were run or not.
    let scores = heads.isJoined ? heads.scores(exit: exit, logits.map(variable), tape) : own
    let belief = tape.softmax(scores).values
    let label = belief.indices.max { belief[$0] < belief[$1] } ?? 0
    return Answer(exit: exit, label: label, confidence: belief[label])
  }

  private func turned(_ x: Tensor, _ position: Int) -> [Float] {
    let rope = RopeTable(model.configuration, positions: position + 1)
    var values = x.values
    var span = values.mutableSpan
    for start in stride(from: 0, to: x.columns, by: model.configuration.headWidth) {
      rope.turn(&span, start: start, position: position)
    }
    return values
  }

  private func attended(_ query: [Float], _ cache: Cache) -> Tensor {
    let (width, heads) = (model.configuration.headWidth, model.configuration.heads)
    let sharing = heads / model.configuration.keyValueHeads
    var mixed: [Float] = []
    for head in 0 ..< heads {
      let (own, shared) = (head * width, head / sharing * width)
      let scores = cache.keys.map { key in
        (0 ..< width).reduce(Float(0)) { $0 + query[own + $1] * key[shared + $1] }
          / Float(width).squareRoot()
      }
      let weights = Tensor(shape: [1, scores.count], values: scores).softmax().values
      mixed += (0 ..< width).map { place in
        zip(weights, cache.values).reduce(Float(0)) { $0 + $1.0 * $1.1[shared + place] }
      }
    }
    return Tensor(shape: [1, mixed.count], values: mixed)
  }
}
