import Tensors

/// What the head says about the next token of some rows: (rows, V) unnormalised log-probabilities.
struct Logits {
  private let values: RowBuffer
  private let workers: Workers

  init(_ values: RowBuffer, _ workers: Workers) {
    self.values = values
    self.workers = workers
  }

  func row(_ index: Int) -> Row { Row(values: values, workers: workers, index: index) }

  /// One row of them.
  struct Row {
    fileprivate let values: RowBuffer
    fileprivate let workers: Workers
    fileprivate let index: Int

    /// A copy: (V).
    var all: [Float] { values.row(index) }

    /// The first of the largest, with ln of its probability.
    var likeliest: Candidate {
      let best = workers.argmax(values, row: index)
      return Candidate(token: Int32(best.index), logProbability: best.value - logSum)
    }

    /// ln Σ exp(v).
    var logSum: Float { Float(workers.logSumExp(values, row: index)) }

    /// The `count` likeliest next tokens with ln of their probabilities, best first.
    func likeliest(_ count: Int) -> [Candidate] {
      guard count > 1 else { return [likeliest] }
      return Inference.likeliest(count, in: all[...])
    }
  }
}
