internal import Models
import Tensors

/// Teaches exit heads on rows of a frozen decoder, in stages of Zero Time Waste (arXiv:2106.05409): plain heads, of which the
/// last is the backbone's own; then, with that one frozen, heads that hear each other; then, with all heads frozen, ensembles.
struct HeadTrainer {
  let settings: HeadSettings
  let crew: Crew<Float>
  /// Standardized.
  let features: TokenFeatures
  let classes: Int
  /// Where what was learned is kept.
  var stages = RunStages.unkept

  /// Every head by itself, also the backbone's own: SDN.
  ///
  /// - Parameters:
  ///   - layers: of the exits.
  ///   - hears: is told about every step.
  /// - Returns: taught heads, for standardized rows.
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be written.
  func plain(
    layers: [Int],
    hears: (_ step: Int, _ of: Int, _ loss: Double) -> Void
  ) throws(FormatError) -> TokenHeads<Float> {
    let heads = TokenHeads<Float>(
      layers: layers,
      width: features.width,
      classes: classes,
      isJoined: false,
      seed: settings.seed
    )
    try teachHeads("plain", heads, Array(layers.indices), hears: hears)
    return heads
  }

  /// Heads that hear the one before, and their ensembles.
  ///
  /// - Parameters:
  ///   - plain: taught; its last head is taken over as it is.
  ///   - hears: is told about every step.
  /// - Returns: taught heads, for standardized rows.
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be written.
  func joined(
    _ plain: TokenHeads<Float>,
    hears: (_ step: Int, _ of: Int, _ loss: Double) -> Void
  ) throws(FormatError) -> TokenHeads<Float> {
    let last = plain.maps[plain.exits - 1]
    for parameter in [last.weight, last.bias] { parameter.isFrozen = true }
    let heads = TokenHeads<Float>(
      layers: plain.layers,
      width: features.width,
      classes: classes,
      isJoined: true,
      last: last,
      seed: settings.seed
    )
    try teachHeads("joined", heads, Array(heads.layers.indices.dropLast()), hears: hears)
    for parameter in heads.headParameters { parameter.isFrozen = true }
    try teachEnsembles(heads, hears: hears)
    return heads
  }

  private func teachHeads(
    _ name: String,
    _ heads: TokenHeads<Float>,
    _ exits: [Int],
    hears: (Int, Int, Double) -> Void
  ) throws(FormatError) {
    let parameters = heads.headParameters.filter { !$0.isFrozen }
    let optimizer = AdamW<Float>([
      .init(parameters.filter { $0.name.hasSuffix("head.weight") }, decay: settings.decay),
      .init(parameters.filter { !$0.name.hasSuffix("head.weight") }),
    ])
    let features = features
    let plan = Plan(name: name, epochs: settings.epochs, rate: settings.rate)
    try run(plan, parameters, optimizer, hears: hears) { texts, tape in
      var before: Variable<Float>?
      return exits.map { exit in
        let x = features.variable(texts, exit: exit, tape)
        let scores = heads.logits(exit: exit, x, before: before, tape)
        before = scores
        return scores
      }
    }
  }

  private func teachEnsembles(
    _ heads: TokenHeads<Float>,
    hears: (Int, Int, Double) -> Void
  ) throws(FormatError) {
    let optimizer = AdamW<Float>([.init(heads.ensembleParameters)])
    let features = features
    let plan = Plan(
      name: "ensembles",
      epochs: settings.ensembleEpochs,
      rate: settings.ensembleRate
    )
    try run(plan, heads.ensembleParameters, optimizer, hears: hears) { texts, tape in
      var logits: [Variable<Float>] = []
      return (0 ..< heads.exits - 1).map { exit in
        let x = features.variable(texts, exit: exit, tape)
        logits.append(heads.logits(exit: exit, x, before: logits.last, tape))
        return heads.scores(exit: exit, logits, tape)
      }
    }
  }

  /// A stage: what it is called, and how it steps over all texts, along a cosine.
  private struct Plan {
    let name: String
    let epochs: Int
    let rate: Double
  }

  /// Makes the steps that were not made; the loss is the sum over the exits of the weighted mean over tokens.
  private func run(
    _ plan: Plan,
    _ parameters: [Parameter<Float>],
    _ optimizer: AdamW<Float>,
    hears: (Int, Int, Double) -> Void,
    scores: @Sendable (_ texts: ArraySlice<Int>, _ tape: Tape<Float>) -> [Variable<Float>]
  ) throws(FormatError) {
    let count = features.labels.count
    let perEpoch = (count + settings.batch - 1) / settings.batch
    let stepsTotal = plan.epochs * perEpoch
    let schedule = Schedule.cosine(warmup: 0, floor: 1e-3)
    let loss = TokenLoss(features, classes: classes, settings.weighting)
    try stages.learn(plan.name, "", parameters, optimizer, stepsTotal: stepsTotal) { step in
      let (epoch, place) = step.quotientAndRemainder(dividingBy: perEpoch)
      let seed = settings.seed &* 104_729 &+ UInt64(epoch)
      let order = SeededRandom.order(count: count, seed: seed)
      let chosen = order[place * settings.batch ..< min((place + 1) * settings.batch, count)]
      let share = (chosen.count + crew.count - 1) / crew.count
      let whole = loss.weight(of: chosen)
      let losses = crew.map { index, tape -> Double in
        let own = chosen.dropFirst(index * share).prefix(share)
        guard !own.isEmpty else { return 0 }
        tape.forget()
        let sum = loss(scores(own, tape), own, whole: whole, tape)
        tape.backward(from: sum)
        return Double(sum.scalar)
      }
      optimizer.step(rate: plan.rate * schedule.factor(step: step, of: stepsTotal), crew)
      let mean = losses.reduce(0, +)
      hears(step + 1, stepsTotal, mean)
      return mean
    }
  }
}

/// The cross-entropy of every token with its text's label, weighted.
struct TokenLoss: Sendable {
  let lengths: [Int]
  let labels: [Int]
  let classes: Int
  let weighting: HeadSettings.Weighting

  init(_ features: TokenFeatures, classes: Int, _ weighting: HeadSettings.Weighting) {
    lengths = features.lengths
    labels = features.labels
    self.classes = classes
    self.weighting = weighting
  }

  /// How much the token at `position` of a text of `length` counts.
  static func weight(_ position: Int, of length: Int, _ weighting: HeadSettings.Weighting) -> Double
  {
    switch weighting {
    case .tokens: 1
    case .texts: 1 / Double(length)
    case .rising: 2 * Double(position + 1) / Double(length * (length + 1))
    }
  }

  /// The weight of all tokens of some texts together.
  func weight(of texts: ArraySlice<Int>) -> Double {
    weighting == .tokens ? Double(texts.reduce(0) { $0 + lengths[$1] }) : Double(texts.count)
  }

  /// The losses of all exits, summed.
  ///
  /// - Parameters:
  ///   - scores: of each exit (tokens of `texts`, classes).
  ///   - texts: by their places.
  ///   - whole: what the weights of all tokens of the step come to.
  ///   - tape: where it is recorded.
  /// - Returns: one number.
  func callAsFunction(
    _ scores: [Variable<Float>],
    _ texts: ArraySlice<Int>,
    whole: Double,
    _ tape: Tape<Float>
  ) -> Variable<Float> {
    var shares: [Float] = []
    shares.reserveCapacity(scores[0].count)
    for text in texts {
      for position in 0 ..< lengths[text] {
        let weight = Self.weight(position, of: lengths[text], weighting)
        for label in 0 ..< classes {
          shares.append(label == labels[text] ? Float(-weight / whole) : 0)
        }
      }
    }
    let grid = tape.input(shares, rows: scores[0].rows, columns: classes)
    let parts = scores.map { tape.total(tape.product(tape.logSoftmax($0), grid)) }
    return parts.dropFirst().reduce(parts[0]) { tape.sum($0, $1) }
  }
}
