public import Tensors

/// Fine-tunes an encoder with a classification head, a step at a time.
///
/// Everything that a step depends on follows from the settings and from the number of the step: the order of examples and
/// what dropout leaves out. So a run that was interrupted goes on bit for bit (`TrainingState`).
public final class EncoderTrainer {
  /// What one step showed.
  public struct Step: Sendable, Equatable {
    /// From 0.
    public var number: Int
    /// Mean loss of its examples, before the step changed the weights.
    public var loss: Double
    /// Tokens that were read.
    public var tokens: Int
    /// Length of the gradient before it was cut.
    public var norm: Double
  }

  /// What is taught.
  public let network: EncoderNetwork<Float>
  /// How.
  public let settings: FitSettings
  /// Steps of the whole run.
  public let stepsTotal: Int
  private let examples: [TokenizedText]
  let crew: Crew<Float>
  let optimizer: AdamW<Float>
  private var order: (epoch: Int, places: [Int]) = (-1, [])

  /// The number of the next step.
  public var nextStep: Int { optimizer.stepCount }

  /// Whether all steps were made.
  public var isFinished: Bool { nextStep >= stepsTotal }

  private var stepsPerEpoch: Int { (examples.count + settings.batch - 1) / settings.batch }

  /// - Parameters:
  ///   - network: what is taught; frozen parameters stay.
  ///   - examples: at least one.
  ///   - settings: without a fault.
  public init(
    _ network: EncoderNetwork<Float>,
    _ examples: [TokenizedText],
    _ settings: FitSettings
  ) {
    precondition(!examples.isEmpty, "no examples")
    precondition(settings.fault == nil, settings.fault ?? "")
    self.network = network
    self.examples = examples
    self.settings = settings
    crew = Crew(count: settings.threads)
    optimizer = AdamW([
      .init(network.parameters.filter { $0.rows > 1 }, decay: settings.decay),
      .init(network.parameters.filter { $0.rows == 1 }),
    ])
    stepsTotal = settings.epochs * ((examples.count + settings.batch - 1) / settings.batch)
  }

  /// Makes the next step.
  ///
  /// - Returns: what it showed; nil when all were made.
  public func advance() -> Step? {
    guard !isFinished else { return nil }
    let number = nextStep
    let chosen = examples(ofStep: number)
    let parts = Self.parts(chosen, settings.threads)
    let losses = PerThread<Double>(count: parts.count)
    let objective = Objective(network: network, settings: settings)
    crew.each { index, tape in
      guard !parts[index].isEmpty else { return }
      tape.forget(seed: objective.dropoutSeed(step: number, tape: index))
      let loss = objective.loss(of: parts[index], tape)
      let share = tape.scaled(loss, by: Float(parts[index].count) / Float(chosen.count))
      losses[index] = Double(share.scalar)
      tape.backward(from: share)
    }
    let schedule = Schedule.linear(warmup: Int(settings.warmup * Double(stepsTotal)))
    let rate = settings.rate * schedule.factor(step: number, of: stepsTotal)
    let norm = optimizer.step(rate: rate, crew, normMax: settings.normMax)
    return Step(
      number: number,
      loss: losses.values.reduce(0, +),
      tokens: chosen.reduce(0) { $0 + $1.tokens.count },
      norm: norm
    )
  }

  private func examples(ofStep number: Int) -> [TokenizedText] {
    let (epoch, place) = number.quotientAndRemainder(dividingBy: stepsPerEpoch)
    if order.epoch != epoch {
      let seed = settings.seed &* 1_000_003 &+ UInt64(epoch)
      order = (epoch, SeededRandom.order(count: examples.count, seed: seed))
    }
    let start = place * settings.batch
    return order.places[start ..< min(start + settings.batch, examples.count)].map { examples[$0] }
  }

  /// As many parts of about equally many tokens as there are tapes: the longest text goes to the shortest part.
  private static func parts(_ texts: [TokenizedText], _ count: Int) -> [[TokenizedText]] {
    var parts = [[TokenizedText]](repeating: [], count: count)
    var sizes = [Int](repeating: 0, count: count)
    let order = texts.indices.sorted {
      (-texts[$0].tokens.count, $0) < (-texts[$1].tokens.count, $1)
    }
    for place in order {
      let shortest = sizes.indices.min { (sizes[$0], $0) < (sizes[$1], $1) } ?? 0
      parts[shortest].append(texts[place])
      sizes[shortest] += texts[place].tokens.count
    }
    return parts
  }

  /// The logits of texts, without dropout and without gradients.
  ///
  /// - Returns: for every text (labels).
  public func logits(of texts: [TokenizedText]) -> [[Float]] {
    let answers = PerThread<[[Float]]>(count: settings.threads)
    let share = (texts.count + settings.threads - 1) / settings.threads
    let network = network
    crew.each { index, tape in
      tape.isRecording = false
      defer { tape.isRecording = true }
      let own = texts.dropFirst(index * share).prefix(share)
      var rows: [[Float]] = []
      var rest = own
      while !rest.isEmpty {
        let some = rest.prefix(64)
        rest = rest.dropFirst(64)
        let logits = network.logits(TokenBatch(some), tape)
        let values = logits.values
        for row in 0 ..< logits.rows {
          rows.append(Array(values[row * logits.columns ..< (row + 1) * logits.columns]))
        }
      }
      answers[index] = rows
    }
    return answers.values.flatMap { $0 }
  }
}
