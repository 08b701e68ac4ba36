import Models
import Tensors

/// What is made small: the loss of some examples.
struct Objective: Sendable {
  let network: EncoderNetwork<Float>
  let settings: FitSettings
  /// Whether texts carry a teacher's answers.
  let isTaught: Bool

  /// Decides what dropout leaves out.
  func dropoutSeed(step: Int, slice: Int = 0, tape: Int) -> UInt64 {
    let place = UInt64(step) << 8 + UInt64(slice) << 40 + UInt64(tape) + 1
    var random = SeededRandom(seed: settings.seed ^ place << 16)
    return random.next()
  }

  /// The mean loss of `texts`, at least one, and what the penalty on their neurons adds.
  ///
  /// - Returns: the loss without the penalty, and what gradients are taken of.
  func loss(
    of texts: [TokenizedText],
    penaltyWeight: Double,
    _ tape: Tape<Float>
  ) -> (plain: Variable<Float>, whole: Variable<Float>) {
    let dropout = EncoderNetwork<Float>.Dropout(
      hidden: settings.dropout,
      attention: settings.dropout
    )
    var passes: [FeedForwardPass<Float>] = []
    let logits = network.logits(TokenBatch(texts), tape, dropout: dropout) { pass in
      if settings.sparsity != nil { passes.append(pass) }
      return pass.neurons
    }
    var plain = loss(logits, texts, tape)
    if isTaught {
      let share = Float(settings.distillation.share)
      let taught = settings.distillation.loss(logits, texts.flatMap(\.taught), tape)
      plain = tape.sum(tape.scaled(plain, by: 1 - share), taught, times: share)
    }
    guard let sparsity = settings.sparsity else { return (plain, plain) }
    let penalty = sparsity.penalty(passes, tape)
    return (plain, tape.sum(plain, penalty, times: Float(penaltyWeight)))
  }

  private func loss(
    _ logits: Variable<Float>,
    _ texts: [TokenizedText],
    _ tape: Tape<Float>
  ) -> Variable<Float> {
    guard network.configuration.problem == .multiLabel else {
      return tape.crossEntropy(logits, texts.map { $0.labels.first ?? 0 })
    }
    var targets = [Float](repeating: 0, count: logits.count)
    for (row, text) in texts.enumerated() {
      for label in text.labels { targets[row * logits.columns + label] = 1 }
    }
    return tape.binaryCrossEntropy(logits, targets)
  }
}

extension TokenBatch {
  init(_ texts: some Sequence<TokenizedText>) {
    self.init()
    for text in texts { add(text.tokens, types: text.types) }
  }
}
