import Foundation
import Models
import Tensors

// Exits of a language model: what heads read of a stream's rows, and what they say.

extension LanguageForward {
  /// Every row divided by its root mean square: (D) each.
  func units(epsilon: Float) -> [[Float]] {
    let buffer = parting.units
    workers.rmsNorm(x, gain: parting.unitGain, epsilon: epsilon, into: buffer, for: .f32)
    return (0 ..< buffer.rows).map(buffer.row)
  }

  /// What a head says of some tokens.
  ///
  /// - Parameters:
  ///   - place: among the exits.
  ///   - rows: of each token, its row and the mean of the stream's rows so far, one behind the other: (2 · D).
  ///   - before: of each token, the scores of the exit before; nil where it asked none.
  ///   - counters: gets the MACs.
  /// - Returns: the scores of each token: (classes).
  func scores(
    ofExit place: Int,
    _ rows: [[Float]],
    before: [[Double]?],
    counters: inout Work
  ) -> [[Double]] {
    let head = weights.exitHeads[place]
    let inputs = RowBuffer(width: head.map.matrix.inputs)
    let answers = RowBuffer(width: head.map.matrix.outputs)
    inputs.resize(rows: rows.count)
    for (index, row) in rows.enumerated() {
      guard let norm = head.norm, let heard = before[index] else {
        inputs.setRow(index, row)
        continue
      }
      inputs.setRow(index, row + norm(heard.map { Float($0) }, epsilon: TokenExits.normEpsilon))
    }
    let isLast = place == weights.exitHeads.count - 1
    workers.run(
      head.map,
      inputs,
      into: answers,
      part: isLast ? .head : .exits,
      isExtra: !isLast,
      counters: &counters
    )
    let classes = weights.exits?.labels.count ?? 0
    return rows.indices.map { answers.row($0).prefix(classes).map { Double($0) } }
  }
}

extension LayerNorm {
  /// A row with mean 0 and variance 1, times the gain, plus the bias.
  func callAsFunction(_ row: [Float], epsilon: Float) -> [Float] {
    let mean = row.reduce(0, +) / Float(row.count)
    let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(row.count)
    let inverse = 1 / (variance + epsilon).squareRoot()
    return row.indices.map { (row[$0] - mean) * inverse * gain[$0] + bias[$0] }
  }
}
