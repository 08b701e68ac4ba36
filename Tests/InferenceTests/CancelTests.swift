import Models
import Support
import Testing

@testable import Inference

/// From the moment a cancel can be seen, its request runs one more layer at most: the one under way.
struct CancelTests {
  /// Cancels that are tried, over all seeds.
  static let cancelsCount = 10_000
  static let seedsCount: UInt64 = 20

  /// A cancel on its way: what its request had done when it could first be seen.
  private struct Cancel {
    let id: SequenceID
    /// Row × layer pairs that were charged.
    let pairs: Int
    /// Its rows in the step that runs; 0 between steps.
    let rows: Int
  }

  @Test(arguments: 0 ..< seedsCount)
  func aCancelledRequestRunsOneMoreLayerAtMost(seed: UInt64) throws {
    let bench = try Workbench()
    var random = SplitMix64(seed: seed)
    let shore = Shore()
    var limits = EngineLimits()
    limits.rowsMax = 12
    limits.prefillRowsMax = 5
    var engine = Engine(
      models: bench.models,
      limits: limits,
      clock: { .zero },
      urgent: { shore.look() }
    )
    var orders: [Order] = []
    var (number, cancelled, latest) = (0 as UInt64, 0, 0)
    while cancelled < Self.cancelsCount / Int(Self.seedsCount) {
      while engine.sequences.count + orders.count / 3 < 8 {
        number += 1
        orders += randomRequest(number, using: &random)
      }
      shore.sequences = engine.sequences
      // Also before the turn, and at any boundary of it: just before the engine looks, or just after.
      shore.plan(Int.random(in: 0 ... 2 * TinyModels.layers + 1, using: &random)) {
        pick(using: &random)
      }
      let emissions = engine.turn(shore.takeAll() + orders)
      orders = emissions.filter(\.takesSlot).map { .credit($0.id, slots: 1) }
      for emission in emissions {
        guard case .ended(let id, .interrupted(.cancelled), let bill) = emission else { continue }
        let known = shore.cancels.removeValue(forKey: id)
        let cancel = try #require(known)
        cancelled += 1
        let more = bill.work.expertsRun - cancel.pairs
        let layers = cancel.rows == 0 ? more : (more + cancel.rows - 1) / cancel.rows
        latest = max(latest, layers)
        #expect(layers <= 1, "seed \(seed), sequence \(id.number): \(layers) layers")
        #expect(bill.work.layersRun == bill.work.expertsRun, "every pair that ran is billed")
      }
      for emission in emissions {
        if case .ended(let id, _, _) = emission { shore.cancels[id] = nil }
      }
    }
    #expect(latest == 1, "some cancel came while a layer ran")
  }

  /// Chooses among the open requests that have rows in the step.
  private func pick(using random: inout SplitMix64) -> Int {
    Int.random(in: 0 ..< 1 << 20, using: &random)
  }

  private func randomRequest(_ number: UInt64, using random: inout SplitMix64) -> [Order] {
    let tokens = randomTokens(Int.random(in: 1 ... 40, using: &random), using: &random)
    if Int.random(in: 0 ..< 4, using: &random) == 0 {
      let ids = tokens.map { $0 % 80 }
      return whole(.test(number, .embed(EncodeParameters()), on: Workbench.encoder), .tokens(ids))
    }
    let task = Bool.random(using: &random) ? endless(30) : .predict(PredictParameters())
    return whole(.test(number, task), .tokens(tokens))
  }

  /// Where cancels wait for the engine, as in the queue between the threads.
  private final class Shore {
    var cancels: [SequenceID: Cancel] = [:]
    /// The engine's requests; the same objects that it works on.
    var sequences: [SequenceID: Sequence] = [:]
    private var waiting: [Order] = []
    private var step = -1
    private var choice = 0

    /// Plans the next cancel: `step` half boundaries from now.
    func plan(_ step: Int, _ choose: () -> Int) {
      self.step = step
      choice = choose()
      if step == 0 { post() }
    }

    /// What the engine sees between two layers.
    func look() -> [Order] {
      advance()
      let seen = waiting
      waiting = []
      // The engine has looked; what comes now is seen after the layer that begins here.
      advance()
      return seen
    }

    func takeAll() -> [Order] {
      let seen = waiting
      waiting = []
      return seen
    }

    private func advance() {
      step -= 1
      if step == 0 { post() }
    }

    private func post() {
      let open = sequences.values.filter { cancels[$0.id] == nil }.sorted { $0.id < $1.id }
      let flying = open.filter { $0.flight != nil }
      let from = flying.isEmpty ? open : flying
      guard !from.isEmpty else { return }
      let sequence = from[choice % from.count]
      cancels[sequence.id] = Cancel(
        id: sequence.id,
        pairs: sequence.bill.work.expertsRun,
        rows: sequence.flight?.rows ?? 0
      )
      waiting.append(.end(sequence.id, .cancelled))
    }
  }
}
