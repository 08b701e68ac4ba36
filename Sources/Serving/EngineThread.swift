import Inference
import Loop
import Models

/// What the engine's thread tells the loop's.
enum EngineReport: Sendable {
  /// The engine is built and takes orders.
  case ready
  /// One turn's emissions.
  case emissions([Emission])
  /// The last orders are done; do the books balance?
  case stopped(Books)
}

/// The engine's books at its end.
struct Books: Sendable {
  /// Counted where the work was done.
  let counters: Work
  /// Summed over all bills.
  let billed: Work
  /// What was still open or held.
  let load: Load

  /// Nothing is held, and every MAC that was counted was billed.
  var balance: Bool {
    counters == billed && load.sequences == 0 && load.pagesUsed == 0 && load.deferred == 0
  }
}

/// The body of the engine's thread: turns as long as there are orders or rows, and sleeps otherwise.
///
/// The engine is born here and never leaves.
func runEngine(
  _ models: [ServedModel],
  limits: EngineLimits,
  clock: @escaping @Sendable () -> Duration,
  orders: WorkQueue<Order>,
  reports: Mailbox<EngineReport>
) {
  var engine = Engine(
    models: models,
    limits: limits,
    clock: clock,
    urgent: { orders.takeUrgent(where: \.isEnd) }
  )
  reports.post(.ready)
  while true {
    let arrived = orders.take(waiting: !engine.hasWork)
    if arrived.isEmpty, !engine.hasWork { break }
    let emissions = engine.turn(arrived)
    if !emissions.isEmpty { reports.post(.emissions(emissions)) }
  }
  reports.post(
    .stopped(Books(counters: engine.counters, billed: engine.billed, load: engine.load))
  )
}
