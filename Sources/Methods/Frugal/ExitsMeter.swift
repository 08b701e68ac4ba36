internal import Models
import Tensors

/// Measures what leaving early costs and saves, by Zero Time Waste and by its baselines, with and without experts.
struct ExitsMeter {
  let network: EncoderNetwork<Float>
  let experts: ExpertLayers?
  let baseline: EncoderNetwork<Float>
  let exits: TaughtExits
  let texts: FrugalTexts
  let labels: (choose: [Int], test: [Int])
  let plan: FrugalPlan
  let trainer: ExitTrainer
  /// Where what was read is kept, and who is told how far it is.
  let stages: RunStages

  /// A choice of experts and a policy, and what they came to.
  struct Setting: Sendable {
    var tau: Double?
    var policy: ExitPolicy
    var measured: Measurement
    var counts: [Int]
  }

  /// What a method comes to within a budget, on the test part.
  struct BudgetRow: Sendable {
    /// Share of the whole model's work.
    var budget: Double
    /// The most accurate on the choosing part.
    var best: Setting?
    /// What its policies come to at exactly the budget; nothing is chosen.
    var level: Double?
  }

  /// How one text of the test part was answered.
  struct Story: Sendable {
    var place: Int
    var exit: Int
    var answer: Int
    var confidence: Double
    /// As a share of what the text takes whole.
    var cost: Double
  }

  /// Shares of the model's work that the paper's tables are cut at.
  private static let budgets = [0.25, 0.5, 0.75, 1.0]

  /// The baseline on both parts.
  private(set) var baselines: [Measurement] = []
  /// The model whole, without experts and exits, on both parts.
  private(set) var wholes: [Measurement] = []
  /// By method, of the model without experts: the best within each budget on the choosing part, measured on the test part.
  private(set) var tables: [(method: ExitMethod, rows: [BudgetRow])] = []
  /// By method, of the model without experts: all policies, on the test part.
  private(set) var curves: [(method: ExitMethod, points: [Setting])] = []
  /// By method: accuracy of each exit if all leave there, and hindsight improvability, on the test part.
  private(set) var depths: [(method: ExitMethod, accuracies: [Double], improvable: [Double?])] = []
  /// The cheapest that was good enough on the choosing part, on the test part: exits alone, and with experts.
  private(set) var finals: [(name: String, setting: Setting)] = []
  /// Experts and exits, on the test part: the best for less and less work, as chosen on the choosing part.
  private(set) var together: [Setting] = []
  /// By the last of `finals`: every text of the test part.
  private(set) var stories: [Story] = []
  /// By the same: the experts of each block that ran; empty if layers run whole.
  private(set) var uses: [(isProjection: Bool, use: ExpertUse)] = []
  /// Made on the choosing part.
  private(set) var effort: EffortCurve?

  init(
    network: EncoderNetwork<Float>,
    experts: ExpertLayers?,
    baseline: EncoderNetwork<Float>,
    exits: TaughtExits,
    texts: FrugalTexts,
    labels: (choose: [Int], test: [Int]),
    plan: FrugalPlan,
    trainer: ExitTrainer,
    stages: RunStages
  ) {
    (self.network, self.experts, self.baseline, self.exits) = (network, experts, baseline, exits)
    (self.texts, self.labels, self.plan) = (texts, labels, plan)
    (self.trainer, self.stages) = (trainer, stages)
  }

  private var cost: EncoderCost { EncoderCost(network) }

  private func whole(_ texts: [TokenizedText]) -> Double {
    let sum = texts.reduce(0) { $0 + cost.whole(tokens: $1.tokens.count) }
    return Double(sum) / Double(max(1, texts.count))
  }

  /// Measures everything.
  ///
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read or written.
  mutating func measure() throws(FormatError) {
    let taus: [Double?] = experts == nil ? [nil] : plan.exitTaus
    let total = (experts == nil ? 2 : 3) + 2 * taus.count
    var done = 0
    func tick() {
      done += 1
      stages.hears(FrugalProgress(what: "measuring", step: done, stepsTotal: total))
    }
    for (part, own, truth) in [
      ("choose", texts.choose, labels.choose), ("test", texts.test, labels.test),
    ] {
      let truths = truth.map { [$0] }
      func read(_ name: String, _ model: EncoderNetwork<Float>) throws(FormatError)
        -> EncoderReading
      {
        try EncoderReading(own, model, nil, trainer.crew, stages, "\(name)-\(part)")
      }
      let dense = try read("baseline", baseline)
      let model = try read("whole", network)
      baselines.append(Measurement("baseline", level: 0, dense, truths, cost))
      wholes.append(Measurement("whole", level: 0, model, truths, cost))
      tick()
    }
    var choosing: [ExitReading] = []
    var testing: [ExitReading] = []
    for (place, tau) in taus.enumerated() {
      choosing.append(try read("choose-\(place)", texts.choose, labels.choose, tau))
      tick()
      testing.append(try read("test-\(place)", texts.test, labels.test, tau))
      tick()
    }
    compare(choosing[0], testing[0])
    choose(choosing, testing)
    if let tau = finals.last?.setting.tau { uses = uses(tau: tau) }
    if experts != nil { tick() }
  }

  private func read(
    _ name: String,
    _ texts: [TokenizedText],
    _ labels: [Int],
    _ tau: Double?
  ) throws(FormatError) -> ExitReading {
    try ExitReading(
      texts,
      labels: labels,
      network,
      experts,
      tau: tau,
      exits,
      trainer,
      stages,
      name
    )
  }

  /// What a policy comes to, with every example's answer.
  private func setting(
    _ reading: ExitReading,
    _ method: ExitMethod,
    _ policy: ExitPolicy,
    whole: Double
  ) -> Setting? {
    guard let simulation = reading.simulations[method] else { return nil }
    let outcome = simulation.outcome(policy)
    let answers = (0 ..< simulation.examples).map { example in
      simulation.answer(example, exit: simulation.exit(of: example, policy)).label
    }
    let level: Double =
      switch policy {
      case .confidence(let threshold): threshold
      case .patience(let patience): Double(patience)
      }
    let measured = Measurement(
      name: method.rawValue,
      level: level,
      feedForwardShare: .nan,
      share: outcome.averageCost / whole,
      isRight: zip(answers, reading.labels).map { $0 == $1 },
      answers: answers
    )
    return Setting(tau: reading.tau, policy: policy, measured: measured, counts: outcome.counts)
  }

  private mutating func compare(_ choosing: ExitReading, _ testing: ExitReading) {
    let (chooseWhole, testWhole) = (whole(texts.choose), whole(texts.test))
    for method in ExitMethod.allCases {
      guard let simulation = testing.simulations[method], let tried = choosing.simulations[method]
      else { continue }
      let policies = method.policies(exits: simulation.exits)
      let outcomes = tried.sweep(policies)
      let tested = simulation.sweep(policies)
      let rows = Self.budgets.map { budget in
        let best = outcomes.best(budget: budget * chooseWhole)
        return BudgetRow(
          budget: budget,
          best: best.flatMap { setting(testing, method, $0.policy, whole: testWhole) },
          level: tested.accuracy(atCost: budget * testWhole)
        )
      }
      tables.append((method, rows))
      curves.append(
        (method, policies.compactMap { setting(testing, method, $0, whole: testWhole) })
      )
      let all = 0 ..< simulation.exits
      depths.append(
        (
          method, all.map { simulation.accuracy(exit: $0) },
          all.map { simulation.improvability(exit: $0) }
        )
      )
    }
  }

  private mutating func choose(_ choosing: [ExitReading], _ testing: [ExitReading]) {
    let (chooseWhole, testWhole) = (whole(texts.choose), whole(texts.test))
    let least = baselines[0].accuracy - plan.pointsMax / 100
    var candidates: [(reading: Int, setting: Setting)] = []
    for (place, reading) in choosing.enumerated() {
      for policy in ExitMethod.zeroTimeWaste.policies(exits: exits.served.layers.count + 1) {
        if let own = setting(reading, .zeroTimeWaste, policy, whole: chooseWhole) {
          candidates.append((place, own))
        }
      }
    }
    let meter = self
    func onTest(_ own: (reading: Int, setting: Setting)) -> Setting? {
      let reading = testing[own.reading]
      return meter.setting(reading, .zeroTimeWaste, own.setting.policy, whole: testWhole)
    }
    func point(_ setting: Setting) -> EffortCurve.Point {
      EffortCurve.Point(
        tau: setting.tau,
        threshold: setting.measured.level,
        accuracy: setting.measured.accuracy,
        agreement: setting.measured.agreement(with: wholes[0].answers),
        share: setting.measured.share
      )
    }
    let whole = EffortCurve.Point(accuracy: wholes[0].accuracy, agreement: 1, share: 1)
    // Of a thousand settings the cheapest that seems good enough is one that was lucky. Those of the curve are few, and
    // chosen by agreement, which varies less than accuracy.
    for (name, pool) in [
      ("exits", candidates.filter { $0.setting.tau == nil }), ("together", candidates),
    ] {
      let own = EffortCurve(candidates: pool.map { point($0.setting) }, whole: whole)
      let best = own.points.first { $0.accuracy >= least }
      let chosen = pool.first {
        $0.setting.tau == best?.tau && $0.setting.measured.level == best?.threshold
      }
      guard let chosen, let final = onTest(chosen) else { continue }
      finals.append((name, final))
      stories = stories(testing[chosen.reading], chosen.setting.policy)
    }
    let curve = EffortCurve(candidates: candidates.map { point($0.setting) }, whole: whole)
    effort = curve
    for point in curve.points {
      let same = candidates.first {
        $0.setting.tau == point.tau && $0.setting.measured.level == point.threshold
      }
      if let same, let own = onTest(same) { together.append(own) }
    }
  }

  private func stories(_ reading: ExitReading, _ policy: ExitPolicy) -> [Story] {
    guard let simulation = reading.simulations[.zeroTimeWaste] else { return [] }
    return (0 ..< simulation.examples).map { example in
      let exit = simulation.exit(of: example, policy)
      let (label, confidence) = simulation.answer(example, exit: exit)
      let whole = cost.whole(tokens: texts.test[example].tokens.count)
      return Story(
        place: example,
        exit: exit,
        answer: label,
        confidence: confidence,
        cost: simulation.cost(of: example, exit: exit) / Double(whole)
      )
    }
  }

  /// Points of a curve that lie so far apart in work.
  static func thinned(_ points: [Setting], apart: Double = 0.01) -> [Setting] {
    var kept: [Setting] = []
    for point in points
    where abs(point.measured.share - (kept.last?.measured.share ?? -1)) >= apart {
      kept.append(point)
    }
    return kept
  }
}
