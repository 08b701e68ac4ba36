@testable import Inference
import Loop

@testable import Serving

/// The engine's thread, turned by hand: what `runEngine` does, one turn at a time.
final class EngineDesk {
  private(set) var engine: Engine
  private let orders: WorkQueue<Order>
  private let seat: Seat
  /// Emissions that the loop's thread has not been handed yet, turn by turn.
  var reports: [[Emission]] = []
  private(set) var isTurning = false
  private(set) var arrivedCount = 0
  private(set) var turnsCount = 0
  private(set) var complaint: String?

  /// What the engine calls from inside a turn.
  private final class Seat {
    var betweenLayers: () -> Void = {}
    /// What was told while a turn ran.
    var early: [[Emission]] = []
  }

  /// What happens between two layers, before the engine looks for urgent orders.
  var betweenLayers: () -> Void {
    get { seat.betweenLayers }
    set { seat.betweenLayers = newValue }
  }

  init(_ limits: EngineLimits, _ orders: WorkQueue<Order>, _ clock: FakeClock) {
    self.orders = orders
    let seat = Seat()
    self.seat = seat
    engine = Engine(
      models: TinyHouse.models,
      limits: limits,
      clock: { clock.now },
      urgent: {
        seat.betweenLayers()
        return orders.takeUrgent(where: \.isEnd)
      },
      tell: { emissions, _ in seat.early.append(emissions) }
    )
  }

  /// Whether a turn would do something.
  var hasWork: Bool { !orders.isEmpty || engine.hasWork }

  /// Takes what has come and runs one turn; false if the thread would sleep.
  func turn() -> Bool {
    guard hasWork else { return false }
    let arrived = orders.take(waiting: false)
    arrivedCount = arrived.count
    turnsCount += 1
    let opens = arrived.count { if case .open = $0 { true } else { false } }
    if opens > orders.offersMax { complaint = "\(opens) opens waited of \(orders.offersMax)" }
    isTurning = true
    let emissions = engine.turn(arrived)
    isTurning = false
    reports += seat.early
    seat.early = []
    if !emissions.isEmpty { reports.append(emissions) }
    check()
    return true
  }

  private func check() {
    let (load, limits) = (engine.load, engine.limits)
    if load.sequences > limits.sequencesMax { complaint = "\(load.sequences) sequences are open" }
    if engine.lanes.contains(where: { $0.waiting.count > limits.queueCountMax }) {
      complaint = "\(load.queued) sequences wait of \(limits.queueCountMax)"
    }
    // A page that several share is used once.
    let held = Set(engine.sequences.values.flatMap(\.pages)).count
    if held != load.pagesUsed { complaint = "\(load.pagesUsed) pages used, \(held) held" }
    if load.pagesUsed + load.pagesCached > load.pages {
      complaint = "\(load.pagesUsed) pages used and \(load.pagesCached) cached of \(load.pages)"
    }
    if load.sequences == 0, !engine.booksBalance { complaint = "the engine's books do not balance" }
  }
}
