internal import Models
import Tensors

/// Teaches pairs of layers to give what the linear maps around attention give, each by itself; the model does not change.
///
/// Every pair is shown what goes into its map in the model as it is, so that no error of one reaches another. The loss is
/// the mean squared error, of all pairs on average. Stage 0 of D2DMoE, arXiv:2310.04361.
final class ProjectionTrainer {
  let network: EncoderNetwork<Float>
  let projections: [LayerProjections<Float>]
  let settings: ProjectionSettings
  let stepsTotal: Int
  let optimizer: AdamW<Float>
  private let texts: [TokenizedText]
  private let crew: Crew<Float>

  var isFinished: Bool { optimizer.stepCount >= stepsTotal }

  /// All that is learned, in order.
  var parameters: [Parameter<Float>] { projections.flatMap(\.parameters) }

  /// - Parameters:
  ///   - network: with its own projections; it is frozen.
  ///   - texts: at least one.
  ///   - settings: of the run.
  ///   - crew: does the work.
  init(
    _ network: EncoderNetwork<Float>,
    _ texts: [TokenizedText],
    _ settings: ProjectionSettings,
    _ crew: Crew<Float>
  ) {
    precondition(!texts.isEmpty, "no texts")
    precondition(network.projections == nil, "projections were replaced before")
    for parameter in network.parameters { parameter.isFrozen = true }
    let width = network.configuration.width
    var random = SeededRandom(seed: settings.seed ^ 0xA77E)
    projections = network.layers.indices.map { layer in
      LayerProjections { part in
        let neurons = settings.neurons(width: width)
        return Projection(freshFor: part, layer, width: width, neurons: neurons, &random)
      }
    }
    self.network = network
    self.texts = texts
    self.settings = settings
    self.crew = crew
    optimizer = AdamW([.init(projections.flatMap(\.parameters))])
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
      seed: settings.seed &* 6_101 &+ UInt64(step / perEpoch)
    )
    let first = step % perEpoch * settings.batch
    let chosen = order[first ..< min(first + settings.batch, texts.count)].map { texts[$0] }
    let tokens = chosen.reduce(0) { $0 + $1.tokens.count }
    let (network, projections) = (network, projections)
    let penalty = settings.sparsityWeight * Double(step) / Double(stepsTotal)
    let threads = settings.threads
    let losses = crew.map { index, tape -> Double in
      let own = stride(from: index, to: chosen.count, by: threads).map { chosen[$0] }
      guard !own.isEmpty else { return 0 }
      tape.forget()
      let batch = TokenBatch(own)
      let share = Float(batch.rows) / Float(tokens)
      let (errors, whole) = Self.loss(batch, network, projections, penalty: penalty, tape)
      tape.backward(from: tape.scaled(whole, by: share))
      return Double(share * errors.scalar)
    }
    let schedule = Schedule.cosine(warmup: 0, floor: 1e-3)
    optimizer.step(rate: settings.rate * schedule.factor(step: step, of: stepsTotal), crew)
    return (losses.reduce(0, +), tokens)
  }

  private static func loss(
    _ batch: TokenBatch,
    _ network: EncoderNetwork<Float>,
    _ projections: [LayerProjections<Float>],
    penalty: Double,
    _ tape: Tape<Float>
  ) -> (errors: Variable<Float>, whole: Variable<Float>) {
    let count = Float(projections.count * ProjectionPart.allCases.count)
    var (errors, penalties): (Variable<Float>?, Variable<Float>?)
    _ = network.hidden(batch, tape) { pass in
      let own = projections[pass.layer][pass.part]
      let neurons = tape.curve(.relu, own.up(pass.input, tape))
      let error = tape.scaled(
        tape.meanSquaredError(own.down(neurons, tape), pass.output),
        by: 1 / count
      )
      let sparsity = tape.scaled(tape.hoyer(neurons), by: 1 / (count * Float(neurons.columns)))
      errors = errors.map { tape.sum($0, error) } ?? error
      penalties = penalties.map { tape.sum($0, sparsity) } ?? sparsity
    }
    guard let errors, let penalties else { preconditionFailure("a model without layers") }
    return (errors, tape.sum(errors, penalties, times: Float(penalty)))
  }

  /// How much of what each linear map gives is lost: Σ(y − ŷ)² / Σ(y − mean y)², over all rows of `texts`.
  ///
  /// - Returns: (layers) of one for each part.
  func errors(of texts: [TokenizedText]) -> [[Double]] {
    let tape = Tape<Float>()
    tape.isRecording = false
    let width = network.configuration.width
    let parts = ProjectionPart.allCases.count
    var sums = [Sums](repeating: Sums(width: width), count: network.layers.count * parts)
    var rest = texts[...]
    while !rest.isEmpty {
      let batch = TokenBatch(rest.prefix(64))
      rest = rest.dropFirst(64)
      _ = network.hidden(batch, tape) { pass in
        let own = projections[pass.layer][pass.part]
        let given = own.down(tape.curve(.relu, own.up(pass.input, tape)), tape)
        sums[pass.layer * parts + pass.part.place].add(pass.output.values, given.values)
      }
    }
    return network.layers.indices.map { layer in
      (0 ..< parts).map { sums[layer * parts + $0].lost }
    }
  }

  /// Sums over rows, for each of their numbers.
  private struct Sums {
    private var (rows, errors, squares) = (0, 0.0, 0.0)
    private var means: [Double]

    init(width: Int) { means = .init(repeating: 0, count: width) }

    mutating func add(_ truth: [Float], _ given: [Float]) {
      let width = means.count
      for place in truth.indices {
        let value = Double(truth[place])
        let error = value - Double(given[place])
        errors += error * error
        squares += value * value
        means[place % width] += value
      }
      rows += truth.count / width
    }

    var lost: Double {
      let centre = means.reduce(0) { $0 + $1 * $1 } / Double(max(1, rows))
      return errors / max(squares - centre, .leastNormalMagnitude)
    }
  }
}

extension ProjectionTrainer {
  /// As `TrainingState` saves it.
  func run(origin: String) -> TrainingState.Run {
    TrainingState.Run(
      parameters: parameters,
      optimizer: optimizer,
      notes: [("settings", settings.fingerprint), ("origin", origin)]
    )
  }
}
