import Models
import Tensors

/// Teaches exits on rows of a frozen model: first all heads, each by its own loss, then with them frozen the ensembles.
///
/// The second and third stage of Zero Time Waste, arXiv:2106.05409; the first is fitting the model.
struct ExitTrainer {
  let settings: ExitSettings
  let crew: Crew<Float>

  /// Teaches fresh heads.
  ///
  /// - Parameters:
  ///   - stack: whose heads learn; its ensembles are not asked.
  ///   - features: of texts to learn from, at least one.
  func teachHeads(_ stack: ExitStack, _ features: ExitFeatures) {
    let parameters = stack.parameters
    let optimizer = AdamW<Float>([
      .init(parameters.filter { $0.rows > 1 }, decay: settings.decay),
      .init(parameters.filter { $0.rows == 1 }),
    ])
    run(features, epochs: settings.epochs, rate: settings.rate, optimizer) { places, tape in
      var (loss, before): (Variable<Float>?, Variable<Float>?)
      let targets = places.map { features.labels[$0] }
      for (exit, head) in stack.heads.enumerated() {
        let x = tape.dropout(features.variable(places, exit: exit, tape), settings.dropout)
        let scores = head.scores(x, before: before, tape)
        let own = tape.crossEntropy(scores, targets)
        loss = loss.map { tape.sum($0, own) } ?? own
        before = scores
      }
      return loss
    }
  }

  /// The scores of all heads and of the model's own: what every exit says for every text.
  func scores(_ stack: ExitStack, _ features: ExitFeatures) -> ExitLogits {
    let share = (features.count + crew.count - 1) / crew.count
    let parts = crew.map { index, tape -> [[Double]] in
      tape.isRecording = false
      defer { tape.isRecording = true }
      let own = Array(0 ..< features.count).dropFirst(index * share).prefix(share)
      guard !own.isEmpty else { return [[Double]](repeating: [], count: stack.heads.count) }
      var (all, before): ([[Double]], Variable<Float>?) = ([], nil)
      for (exit, head) in stack.heads.enumerated() {
        let scores = head.scores(features.variable(own, exit: exit, tape), before: before, tape)
        all.append(scores.values.map { Double($0) })
        before = scores
      }
      return all
    }
    var values: [Double] = []
    for exit in stack.heads.indices { for part in parts { values += part[exit] } }
    values += features.last.flatMap { $0.map { Double($0) } }
    return ExitLogits(
      exits: stack.heads.count + 1,
      examples: features.count,
      classes: stack.classes,
      values: values
    )
  }

  /// Teaches an ensemble for each head.
  ///
  /// - Parameters:
  ///   - logits: of all heads for the texts to learn from.
  ///   - labels: of the texts.
  ///   - mean: how opinions are brought together.
  /// - Returns: one for each head; the model's own stays alone.
  func ensembles(
    _ logits: ExitLogits,
    labels: [Int],
    mean: GeometricEnsemble.Mean
  ) -> [GeometricEnsemble] {
    let heads = logits.exits - 1
    let weights = (0 ..< heads).map { exit in
      Parameter<Float>(
        "v.\(exit)",
        rows: 1,
        columns: exit + 1,
        values: .init(repeating: 0, count: exit + 1)
      )
    }
    let biases = (0 ..< heads).map { exit in
      Parameter<Float>(
        "b.\(exit)",
        rows: 1,
        columns: logits.classes,
        values: .init(repeating: 0, count: logits.classes)
      )
    }
    let opinions = (0 ..< heads).map { exit in
      (0 ..< logits.examples).map { example in
        let own = logits.scores(exit: exit, example: example)
        return (mean == .geometric ? logSoftmax(own) : softmax(own)).map { Float($0) }
      }
    }
    let features = ExitFeatures(
      rows: opinions.map { $0.flatMap { $0 } },
      last: [],
      labels: labels,
      width: logits.classes
    )
    let optimizer = AdamW<Float>([.init(weights + biases)])
    let (epochs, rate) = (settings.ensembleEpochs, settings.ensembleRate)
    run(features, epochs: epochs, rate: rate, optimizer) { places, tape in
      let targets = places.map { labels[$0] }
      let parts = (0 ..< heads).map { features.variable(places, exit: $0, tape) }
      var loss: Variable<Float>?
      for exit in 0 ..< heads {
        let own = Array(parts[0 ... exit])
        let (v, b) = (tape.variable(weights[exit]), tape.variable(biases[exit]))
        let joined =
          mean == .geometric
          ? tape.geometricMean(own, logWeights: v, bias: b)
          : tape.additiveMean(own, logWeights: v, bias: b)
        let nll = tape.crossEntropy(joined, targets)
        loss = loss.map { tape.sum($0, nll) } ?? nll
      }
      return loss
    }
    return (0 ..< heads).map {
      GeometricEnsemble(
        logWeights: weights[$0].values.map { Double($0) },
        bias: biases[$0].values.map { Double($0) },
        mean: mean
      )
    }
  }

  /// Steps over all texts, `epochs` times, along a cosine.
  private func run(
    _ features: ExitFeatures,
    epochs: Int,
    rate: Double,
    _ optimizer: AdamW<Float>,
    loss: @Sendable (_ places: ArraySlice<Int>, _ tape: Tape<Float>) -> Variable<Float>?
  ) {
    precondition(features.count > 0, "no texts")
    let perEpoch = (features.count + settings.batch - 1) / settings.batch
    let schedule = Schedule.cosine(warmup: 0, floor: 1e-3)
    for epoch in 0 ..< epochs {
      let seed = settings.seed &* 104_729 &+ UInt64(epoch)
      let order = SeededRandom.order(count: features.count, seed: seed)
      for step in 0 ..< perEpoch {
        let chosen = order[
          step * settings.batch ..< min((step + 1) * settings.batch, features.count)
        ]
        let share = (chosen.count + crew.count - 1) / crew.count
        let number = epoch * perEpoch + step
        crew.each { index, tape in
          let own = chosen.dropFirst(index * share).prefix(share)
          guard !own.isEmpty else { return }
          tape.forget(seed: settings.seed ^ UInt64(number) << 20 ^ UInt64(index + 1) << 8)
          guard let sum = loss(own, tape) else { return }
          tape.backward(from: tape.scaled(sum, by: Float(own.count) / Float(chosen.count)))
        }
        optimizer.step(rate: rate * schedule.factor(step: number, of: epochs * perEpoch), crew)
      }
    }
  }
}
