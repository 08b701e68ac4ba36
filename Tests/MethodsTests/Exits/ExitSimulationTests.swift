import Models
import Support
import Testing

@testable import Methods

/// METHODS §7(e): leaving early, simulated.
struct ExitSimulationTests {
  private let costs = [0.3, 0.55, 0.8, 1.05]

  /// Exits that grow surer and righter.
  private func logits(examples: Int, seed: UInt64) -> (ExitLogits, [Int]) {
    var random = SplitMix64(seed: seed)
    func unit() -> Double { Double(random.next() >> 11) / 0x1p53 }
    let labels = (0 ..< examples).map { _ in Int(unit() * 3) }
    var values: [Double] = []
    for exit in 0 ..< 4 {
      for label in labels {
        for place in 0 ..< 3 {
          values.append(unit() * 4 + (place == label ? Double(exit) * 1.2 : 0))
        }
      }
    }
    return (ExitLogits(exits: 4, examples: examples, classes: 3, values: values), labels)
  }

  private func simulation(seed: UInt64) -> ExitSimulation {
    let (logits, labels) = logits(examples: 200, seed: seed)
    return ExitSimulation(logits: logits, labels: labels, costs: costs)
  }

  @Test func thresholdsOf0And1AreTheFirstAndTheLastExit() {
    let simulation = simulation(seed: 1)
    let first = simulation.outcome(.confidence(0))
    #expect(first.counts == [200, 0, 0, 0] && abs(first.averageCost - 0.3) < 1e-12)
    #expect(first.accuracy == simulation.accuracy(exit: 0))
    let last = simulation.outcome(.confidence(1))
    #expect(last.counts == [0, 0, 0, 200] && abs(last.averageCost - 1.05) < 1e-12)
    #expect(last.accuracy == simulation.accuracy(exit: 3))
  }

  /// A probability of exactly 1 is not more than 1.
  @Test func aSureExitDoesNotPassAThresholdOf1() {
    let logits = ExitLogits(exits: 2, examples: 1, classes: 2, values: [900, 0, 0, 1])
    let simulation = ExitSimulation(logits: logits, labels: [0], costs: [1, 2])
    #expect(simulation.outcome(.confidence(1)).counts == [0, 1])
    #expect(simulation.outcome(.confidence(0.999)).counts == [1, 0])
  }

  @Test func equalToTheThresholdIsNotEnough() {
    let policy = ExitPolicy.confidence(0.5)
    #expect(policy.exit(confidences: [0.5, 0.6, 0.9], classes: [0, 0, 0]) == 1)
    #expect(policy.exit(confidences: [0.4, 0.5, 0.2], classes: [0, 0, 0]) == 2)
  }

  @Test(arguments: 0 ..< 10)
  func costRisesWithTheThreshold(seed: UInt64) {
    let outcomes = simulation(seed: seed).sweep(ExitPolicy.confidences(count: 100))
    #expect(outcomes.count == 100)
    #expect(zip(outcomes, outcomes.dropFirst()).allSatisfy { $0.averageCost <= $1.averageCost })
    for outcome in outcomes {
      #expect(outcome.examples == 200)
      let sum = zip(outcome.counts, costs).reduce(0) { $0 + Double($1.0) * $1.1 }
      #expect(abs(outcome.averageCost - sum / 200) < 1e-12)
    }
  }

  /// One example after the other, exit by exit, as a server would.
  @Test(arguments: [ExitPolicy.confidence(0.6), .confidence(0.85), .patience(1), .patience(2)])
  func simulatedIsAsIfRun(policy: ExitPolicy) {
    let (logits, labels) = logits(examples: 200, seed: 5)
    var (counts, right) = ([0, 0, 0, 0], 0)
    for example in 0 ..< 200 {
      var (agreed, before) = (0, -1)
      for exit in 0 ..< 4 {
        let beliefs = softmax(logits.scores(exit: exit, example: example))
        let most = beliefs.max() ?? 0
        let own = beliefs.firstIndex(of: most) ?? 0
        agreed = own == before ? agreed + 1 : 0
        before = own
        let leaves: Bool =
          switch policy {
          case .confidence(let threshold): most > threshold
          case .patience(let patience): agreed >= patience
          }
        guard leaves || exit == 3 else { continue }
        counts[exit] += 1
        right += own == labels[example] ? 1 : 0
        break
      }
    }
    let found = ExitSimulation(logits: logits, labels: labels, costs: costs).outcome(policy)
    #expect(found.counts == counts && found.right == right)
  }

  @Test func patienceCountsAgreementsInARow() {
    func exit(_ patience: Int, _ classes: [Int]) -> Int {
      let confidences = [Double](repeating: 1, count: classes.count)
      return ExitPolicy.patience(patience).exit(
        confidences: confidences[...],
        classes: classes[...]
      )
    }
    #expect(exit(1, [2, 2, 1, 1]) == 1)
    #expect(exit(2, [2, 2, 1, 1, 1, 0]) == 4)
    #expect(exit(3, [0, 0, 1, 1]) == 3, "the last takes what is left")
    #expect(exit(1, [7]) == 0)
    #expect(ExitPolicy.patiences(exits: 4) == [.patience(1), .patience(2), .patience(3)])
  }

  @Test func theTableTakesTheMostAccurateWithinTheBudget() {
    let outcomes = [(0.2, 5), (0.25, 7), (0.4, 6), (0.5, 8), (0.45, 8), (1.1, 9)].map {
      cost,
      right in
      ExitOutcome(policy: .confidence(cost), counts: [10], right: right, averageCost: cost)
    }
    let table = outcomes.table(budgets: [0.1, 0.25, 0.44, 0.75, 1, .infinity])
    #expect(table.map { $0.best?.right } == [nil, 7, 7, 8, 8, 9])
    #expect(table[3].best?.averageCost == 0.45, "the cheapest of equals")
    #expect(table.map(\.budget) == [0.1, 0.25, 0.44, 0.75, 1, .infinity])
  }

  @Test func betweenTwoOutcomesLiesALine() throws {
    let outcomes = [(0.5, 8), (0.2, 5), (0.4, 6)].map { cost, right in
      ExitOutcome(policy: .confidence(cost), counts: [10], right: right, averageCost: cost)
    }
    #expect(outcomes.accuracy(atCost: 0.2) == 0.5 && outcomes.accuracy(atCost: 0.5) == 0.8)
    #expect(abs(try #require(outcomes.accuracy(atCost: 0.3)) - 0.55) < 1e-12)
    #expect(abs(try #require(outcomes.accuracy(atCost: 0.45)) - 0.7) < 1e-12)
    #expect(outcomes.accuracy(atCost: 0.1) == nil && outcomes.accuracy(atCost: 0.6) == nil)
    #expect([ExitOutcome]().accuracy(atCost: 0.3) == nil)
  }

  @Test func whatWasKnownEarlierAndLost() {
    // Three exits, four examples of class 0: right, right, wrong; wrong, right, wrong; wrong, wrong, wrong; right ×3.
    let (yes, no) = ([1.0, 0], [0, 1.0])
    let rows = [[yes, no, no, yes], [yes, yes, no, yes], [no, no, no, yes]]
    let logits = ExitLogits(
      exits: 3,
      examples: 4,
      classes: 2,
      values: Array(rows.joined().joined())
    )
    let simulation = ExitSimulation(logits: logits, labels: [0, 0, 0, 0], costs: [1, 2, 3])
    #expect(simulation.improvability(exit: 0) == 0)
    #expect(simulation.improvability(exit: 1) == 0)
    #expect(simulation.improvability(exit: 2) == 2.0 / 3)
    #expect((0 ..< 3).map { simulation.accuracy(exit: $0) } == [0.5, 0.75, 0.25])
    let easy = ExitLogits(exits: 1, examples: 1, classes: 2, values: yes)
    let sure = ExitSimulation(logits: easy, labels: [0], costs: [1])
    #expect(sure.improvability(exit: 0) == nil)
  }

  @Test func noExamplesCostNothing() {
    let logits = ExitLogits(exits: 2, examples: 0, classes: 2, values: [])
    let simulation = ExitSimulation(logits: logits, labels: [], costs: [1, 2])
    let outcome = simulation.outcome(.confidence(0.5))
    #expect(outcome.accuracy == 0 && outcome.averageCost == 0 && outcome.counts == [0, 0])
  }
}
