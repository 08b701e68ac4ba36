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
  ///   - features: of texts to learn from, at least one; not asked for if all was learned before.
  ///   - count: of these texts.
  ///   - stages: where what is learned is kept.
  ///   - name: of the stage.
  /// - Throws: `FormatError` if that is another run's, or cannot be written.
  func teachHeads(
    _ stack: ExitStack,
    _ features: Deferred<ExitFeatures>,
    count: Int,
    _ stages: RunStages,
    _ name: String
  ) throws(FormatError) {
    let parameters = stack.parameters
    let optimizer = AdamW<Float>([
      .init(parameters.filter { $0.rows > 1 }, decay: settings.decay),
      .init(parameters.filter { $0.rows == 1 }),
    ])
    let plan = Plan(count: count, epochs: settings.epochs, rate: settings.rate)
    try run(plan, stages, name, parameters, optimizer, features) { features, places, tape in
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
  ///   - stack: whose heads they join; its own ensembles are not asked.
  ///   - logits: of all heads for the texts to learn from; not asked for if all was learned before.
  ///   - labels: of the texts.
  ///   - mean: how opinions are brought together.
  ///   - stages: where what is learned is kept.
  ///   - name: of the stage.
  /// - Returns: one for each head; the model's own stays alone.
  /// - Throws: `FormatError` if what was kept is another run's, or it cannot be written.
  func ensembles(
    _ stack: ExitStack,
    _ logits: Deferred<ExitLogits>,
    labels: [Int],
    mean: GeometricEnsemble.Mean,
    _ stages: RunStages,
    _ name: String
  ) throws(FormatError) -> [GeometricEnsemble] {
    let (heads, classes) = (stack.heads.count, stack.classes)
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
        columns: classes,
        values: .init(repeating: 0, count: classes)
      )
    }
    let opinions = Deferred {
      let logits = logits.value
      let own = (0 ..< heads).map { exit in
        (0 ..< logits.examples).map { example in
          let own = logits.scores(exit: exit, example: example)
          return (mean == .geometric ? logSoftmax(own) : softmax(own)).map { Float($0) }
        }
      }
      return ExitFeatures(
        rows: own.map { $0.flatMap { $0 } },
        last: [],
        labels: labels,
        width: classes
      )
    }
    let parameters = weights + biases
    let optimizer = AdamW<Float>([.init(parameters)])
    let plan = Plan(
      count: labels.count,
      epochs: settings.ensembleEpochs,
      rate: settings.ensembleRate
    )
    try run(plan, stages, name, parameters, optimizer, opinions) { features, places, tape in
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

  /// How a stage steps: over all texts, `epochs` times, along a cosine.
  private struct Plan: Sendable {
    let count: Int
    let epochs: Int
    let rate: Double
  }

  private func run(
    _ plan: Plan,
    _ stages: RunStages,
    _ name: String,
    _ parameters: [Parameter<Float>],
    _ optimizer: AdamW<Float>,
    _ features: Deferred<ExitFeatures>,
    loss:
      @Sendable (
        _ features: ExitFeatures, _ places: ArraySlice<Int>, _ tape: Tape<Float>
      ) -> Variable<Float>?
  ) throws(FormatError) {
    precondition(plan.count > 0, "no texts")
    let perEpoch = (plan.count + settings.batch - 1) / settings.batch
    let stepsTotal = plan.epochs * perEpoch
    let schedule = Schedule.cosine(warmup: 0, floor: 1e-3)
    var order: (epoch: Int, places: [Int]) = (-1, [])
    try stages.learn(name, "teaching exits", parameters, optimizer, stepsTotal: stepsTotal) {
      number in
      let (epoch, step) = number.quotientAndRemainder(dividingBy: perEpoch)
      if order.epoch != epoch {
        let seed = settings.seed &* 104_729 &+ UInt64(epoch)
        order = (epoch, SeededRandom.order(count: plan.count, seed: seed))
      }
      let features = features.value
      precondition(features.count == plan.count, "\(features.count) texts of \(plan.count)")
      let chosen = order.places[
        step * settings.batch ..< min((step + 1) * settings.batch, plan.count)
      ]
      let share = (chosen.count + crew.count - 1) / crew.count
      let losses = crew.map { index, tape -> Double in
        let own = chosen.dropFirst(index * share).prefix(share)
        guard !own.isEmpty else { return 0 }
        tape.forget(seed: settings.seed ^ UInt64(number) << 20 ^ UInt64(index + 1) << 8)
        guard let sum = loss(features, own, tape) else { return 0 }
        let part = Float(own.count) / Float(chosen.count)
        tape.backward(from: tape.scaled(sum, by: part))
        return Double(part * sum.scalar)
      }
      optimizer.step(rate: plan.rate * schedule.factor(step: number, of: stepsTotal), crew)
      return losses.reduce(0, +)
    }
  }
}
