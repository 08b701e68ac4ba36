import Inference
import Models
import Wire

@testable import Serving

/// The same engine with nobody else in it: what every call's answer is held to.
final class Alone {
  /// What one request gives when it is alone.
  struct Answer {
    var messages: [Value] = []
    var outcome = Outcome.finished(.complete)
    var bill = Inference.Bill()
  }

  private var engine: Engine
  private let clock: FakeClock
  private var count: UInt64 = 0

  init(_ limits: EngineLimits) {
    var limits = limits
    limits.sequencesMax = 10
    limits.queueCountMax = 10
    limits.workers = 1
    // Nobody came before it.
    limits.sharesPrefixes = false
    limits.railPerMille = 0
    limits.brownOutWait = nil
    let clock = FakeClock()
    self.clock = clock
    engine = Engine(models: TinyHouse.models, limits: limits, clock: { clock.now })
  }

  /// Runs a plan's request, its whole input in one piece.
  func answer(_ plan: Plan) -> Answer? {
    guard let task = plan.task, let method = Method(rawValue: plan.open.method),
      let model = try? TinyHouse.catalog.model(plan.open.model, for: method)
    else { return nil }
    count += 1
    let id = SequenceID(count)
    let budgets = [
      plan.open.macsMax.map { Int(clamping: $0) },
      plan.open.costMax.flatMap { model.tariff.macsMax(micro: $0) },
    ]
    let request = Request(
      id: id,
      tenant: "t",
      model: model.name,
      task: task,
      arrived: clock.now,
      effort: plan.open.effort,
      effortMin: plan.open.effortMin ?? 0,
      macsMax: budgets.compactMap { $0 }.min()
    )
    let pieces = plan.pieces.compactMap { try? Piece($0) }
    var orders: [Order] = [.open(request)]
    orders += (plan.isEach ? pieces : joined(pieces)).map { .input(id, $0, weight: 1) }
    orders.append(.endOfInput(id))
    var answer = Answer()
    repeat {
      let emissions = engine.turn(orders)
      for emission in emissions {
        guard emission.id == id else { continue }
        if let message = emission.message { answer.messages.append(message) }
        if case .ended(_, let outcome, let bill) = emission {
          answer.outcome = outcome
          answer.bill = bill
        }
      }
      orders = emissions.filter(\.takesSlot).map { _ in .credit(id, slots: 1) }
    } while engine.hasWork || !orders.isEmpty
    precondition(engine.load.sequences == 0, "\(plan.open.method) alone does not end")
    return answer
  }

  private func joined(_ pieces: [Piece]) -> [Piece] {
    var text: [UInt8] = []
    var ids: [Int32] = []
    for piece in pieces {
      switch piece {
      case .text(let bytes): text += bytes
      case .tokens(let more): ids += more
      }
    }
    return ids.isEmpty ? (pieces.isEmpty ? [] : [.text(text)]) : [.tokens(ids)]
  }
}
