import Foundation
import Models
import Tensors

// Heads after some layers of an encoder, and what they make of all opinions so far.

extension EncoderForward {
  /// Asks an exit about texts that went through its layer.
  ///
  /// - Parameters:
  ///   - place: among the exits.
  ///   - texts: the batch rows of each text that asks.
  ///   - opinions: of each text, the scores of all exits before.
  ///   - counters: gets the MACs of heads and ensembles.
  /// - Returns: the scores of each text: (classes).
  func scores(
    ofExit place: Int,
    texts: [Range<Int>],
    opinions: [[[Double]]],
    counters: inout Work
  ) -> [[Double]] {
    guard let exits = weights.frugal?.exits else { preconditionFailure("a model without exits") }
    let head = weights.exitHeads[place]
    let rows = RowBuffer(width: configuration.width)
    let pooled = RowBuffer(width: head.pooler.matrix.outputs)
    switch exits.pooling {
    case .mean: workers.means(of: texts, in: x, into: rows)
    case .first:
      rows.resize(rows: texts.count)
      for (index, text) in texts.enumerated() {
        rows.setRow(index, from: x, row: text.lowerBound)
      }
    }
    workers.run(head.pooler, rows, into: pooled, part: .exits, isExtra: true, counters: &counters)
    workers.hyperbolicTangent(pooled)
    var inputs = pooled
    if let norm = head.norm {
      inputs = RowBuffer(width: head.classifier.matrix.inputs)
      inputs.resize(rows: texts.count)
      for index in texts.indices {
        guard let before = opinions[index].last else {
          preconditionFailure("an exit that hears the one before, which was not asked")
        }
        inputs.setRow(
          index,
          pooled.row(index) + norm(before.map { Float($0) }, epsilon: LearnedExits.epsilon)
        )
      }
    }
    let answers = RowBuffer(width: head.classifier.matrix.outputs)
    workers.run(
      head.classifier,
      inputs,
      into: answers,
      part: .exits,
      isExtra: true,
      counters: &counters
    )
    if !exits.ensembles.isEmpty {
      counters.count(.exits, texts.count * (place + 1) * exits.classes, dense: 0)
    }
    return texts.indices.map { answers.row($0).prefix(exits.classes).map { Double($0) } }
  }

  /// What an exit believes after all opinions up to its own, as scores whose softmax counts.
  func belief(atExit place: Int, _ opinions: [[Double]]) -> [Double] {
    guard let ensembles = weights.frugal?.exits?.ensembles, !ensembles.isEmpty else {
      return opinions[place]
    }
    return ensembles[place].scores(opinions.map { $0[...] })
  }
}
