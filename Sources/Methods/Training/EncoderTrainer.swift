import Models
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
    /// Mean loss of its examples without any penalty, before the step changed the weights.
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
  private let isTaught: Bool
  /// Tells runs apart that learn from other examples or begin with other weights.
  let origin: String
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
  ///   - examples: at least one; a teacher is heard if all carry its answers.
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
    isTaught = examples.allSatisfy { $0.taught.count == network.configuration.labels.count }
    self.settings = settings
    origin = Self.origin(of: examples, network)
    crew = Crew(count: settings.threads)
    if settings.freezesEmbeddings {
      for parameter in network.embeddings { parameter.isFrozen = true }
    }
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
    let penalty = settings.sparsity?.weight(step: number, of: stepsTotal) ?? 0
    let objective = Objective(network: network, settings: settings, isTaught: isTaught)
    var loss = 0.0
    for (slice, own) in slices(of: chosen).enumerated() {
      let parts = Self.parts(own, settings.threads)
      let losses = crew.map { index, tape -> Double in
        guard !parts[index].isEmpty else { return 0 }
        tape.forget(seed: objective.dropoutSeed(step: number, slice: slice, tape: index))
        let loss = objective.loss(of: parts[index], penaltyWeight: penalty, tape)
        let share = Float(parts[index].count) / Float(chosen.count)
        tape.backward(from: tape.scaled(loss.whole, by: share))
        return Double(share * loss.plain.scalar)
      }
      loss += losses.reduce(0, +)
    }
    let schedule = Schedule.linear(warmup: Int(settings.warmup * Double(stepsTotal)))
    let rate = settings.rate * schedule.factor(step: number, of: stepsTotal)
    let norm = optimizer.step(rate: rate, crew, normMax: settings.normMax)
    return Step(
      number: number,
      loss: loss,
      tokens: chosen.reduce(0) { $0 + $1.tokens.count },
      norm: norm
    )
  }

  /// What is in memory at a time; gradients add up over the slices of a step.
  private func slices(of texts: [TokenizedText]) -> [[TokenizedText]] {
    let count = (texts.count + settings.slices - 1) / settings.slices
    return stride(from: 0, to: texts.count, by: count).map {
      Array(texts[$0 ..< min($0 + count, texts.count)])
    }
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

  /// FNV-1a over all tokens and labels, and over the first layer's weights.
  ///
  /// - Parameters:
  ///   - examples: that are learned from.
  ///   - network: what is taught.
  ///   - others: weights that matter beside the first layer's.
  /// - Returns: what differs where any of this does.
  static func origin(
    of examples: [TokenizedText],
    _ network: EncoderNetwork<Float>,
    beside others: [Parameter<Float>] = []
  ) -> String {
    origin(of: examples, [network.layers[0].query.weight] + others)
  }

  /// FNV-1a over all tokens and labels, and over weights.
  static func origin(of examples: [TokenizedText], _ weights: [Parameter<Float>] = []) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ number: UInt64) { hash = (hash ^ number) &* 0x100_0000_01B3 }
    for text in examples {
      for token in text.tokens { add(UInt64(UInt32(bitPattern: token))) }
      for label in text.labels { add(UInt64(label) | 1 << 40) }
      for logit in text.taught { add(UInt64(logit.bitPattern) | 1 << 41) }
      add(1 << 50)
    }
    for own in weights { for value in own.values { add(UInt64(value.bitPattern)) } }
    return String(hash, radix: 16)
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

  /// The share of neurons that are not 0, for each of the network's blocks, over all rows of `texts`.
  public func activity(of texts: [TokenizedText]) -> [Double] {
    let tape = Tape<Float>()
    tape.isRecording = false
    let blocks = network.blocks
    var (counts, rows) = ([Double](repeating: 0, count: blocks.count), 0)
    var rest = texts[...]
    while !rest.isEmpty {
      let batch = TokenBatch(rest.prefix(64))
      rest = rest.dropFirst(64)
      rows += batch.rows
      _ = network.hidden(batch, tape) { pass in
        counts[pass.block] += Double(pass.neurons.values.count { $0 != 0 })
        return pass.neurons
      }
    }
    return zip(counts, blocks).map { $0 / Double(max(1, rows) * $1.neurons) }
  }

  /// The logits of texts, without dropout and without gradients.
  ///
  /// - Returns: for every text (labels).
  public func logits(of texts: [TokenizedText]) -> [[Float]] { network.logits(of: texts, crew) }
}
