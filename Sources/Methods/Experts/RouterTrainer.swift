import Tensors

/// Teaches all routers to predict how strong experts' outputs will be; nothing else changes.
///
/// The mean over blocks of the mean squared error against ‖Eᵢ(z)‖, on rows as they come through the model with all
/// experts. arXiv:2310.04361.
final class RouterTrainer {
  let network: EncoderNetwork<Float>
  let experts: ExpertLayers
  let settings: RouterSettings
  let stepsTotal: Int
  private let texts: [TokenizedText]
  private let crew: Crew<Float>
  let optimizer: AdamW<Float>

  var isFinished: Bool { optimizer.stepCount >= stepsTotal }

  /// All that is learned, in order.
  var parameters: [Parameter<Float>] { experts.routers.flatMap { [$0.inner, $0.outer] } }

  /// - Parameters:
  ///   - network: permuted; it is frozen.
  ///   - experts: with the routers to teach.
  ///   - texts: at least one.
  ///   - settings: of the run.
  ///   - crew: does the work.
  init(
    _ network: EncoderNetwork<Float>,
    _ experts: ExpertLayers,
    _ texts: [TokenizedText],
    _ settings: RouterSettings,
    _ crew: Crew<Float>
  ) {
    precondition(!texts.isEmpty, "no texts")
    for parameter in network.parameters { parameter.isFrozen = true }
    self.network = network
    self.experts = experts
    self.texts = texts
    self.settings = settings
    self.crew = crew
    optimizer = AdamW([.init(experts.routers.flatMap { [$0.inner, $0.outer] })])
    stepsTotal = settings.epochs * ((texts.count + settings.batch - 1) / settings.batch)
  }

  /// Makes the next step.
  ///
  /// - Returns: the mean squared error before it, and tokens that were read; nil when all were made.
  func advance() -> (loss: Double, tokens: Int)? {
    guard !isFinished else { return nil }
    let step = optimizer.stepCount
    let perEpoch = (texts.count + settings.batch - 1) / settings.batch
    let order = SeededRandom.order(
      count: texts.count,
      seed: settings.seed &* 7_919 &+ UInt64(step / perEpoch)
    )
    let first = step % perEpoch * settings.batch
    let chosen = order[first ..< min(first + settings.batch, texts.count)].map { texts[$0] }
    let tokens = chosen.reduce(0) { $0 + $1.tokens.count }
    let (network, experts) = (network, experts)
    let (threads, target) = (settings.threads, settings.target)
    let losses = crew.map { index, tape -> Double in
      let own = stride(from: index, to: chosen.count, by: threads).map { chosen[$0] }
      guard !own.isEmpty else { return 0 }
      tape.forget()
      let step = Self.loss(network, experts, target, of: own, tokens: tokens, tape)
      guard let loss = step else { return 0 }
      tape.backward(from: loss)
      return Double(loss.scalar)
    }
    let schedule = Schedule.cosine(warmup: 0, floor: 1e-3)
    let rate = settings.rate * schedule.factor(step: step, of: stepsTotal)
    optimizer.step(rate: rate, crew)
    return (losses.reduce(0, +), tokens)
  }

  /// What a worker's texts add to the loss of a step.
  ///
  /// - Parameters:
  ///   - network: permuted.
  ///   - experts: with the routers.
  ///   - target: what routers predict.
  ///   - own: texts of the worker; at least one.
  ///   - tokens: of the whole step.
  ///   - tape: of the worker.
  /// - Returns: the mean squared error, weighed by the worker's share of the tokens; nil for a network without routers.
  static func loss(
    _ network: EncoderNetwork<Float>,
    _ experts: ExpertLayers,
    _ target: RouterSettings.Target,
    of own: [TokenizedText],
    tokens: Int,
    _ tape: Tape<Float>
  ) -> Variable<Float>? {
    let batch = TokenBatch(own)
    var loss: Variable<Float>?
    let share = Float(batch.rows) / Float(tokens * experts.routers.count)
    _ = network.hidden(batch, tape) { pass in
      let truth =
        target == .norm ? experts.norms(pass, tape) : experts.contributions(pass, tape)
      let predicted = experts.routers[pass.block].predictions(pass.input, tape)
      let error = tape.scaled(tape.meanSquaredError(predicted, truth), by: share)
      loss = loss.map { tape.sum($0, error) } ?? error
      return pass.neurons
    }
    return loss
  }
}
