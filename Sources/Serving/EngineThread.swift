import Inference
import Loop
import Models

/// What the engine's thread tells the loop's.
enum EngineReport: Sendable {
  /// The engine is built and takes orders; its workers can be woken before it does. Of models with experts it has measured
  /// up to which share of these it pays to run them by themselves.
  case ready(wakeWorkers: @Sendable () -> Void, [String: [PayingShare]])
  /// The engine's answer to the echo of that number.
  case alive(UInt64, Progress)
  /// What there is to tell, of one turn or while it runs; of a whole one also how long it took.
  case emissions([Emission], turn: Duration?)
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

/// What the engine has done since its start.
struct Progress: Sendable, Equatable {
  /// Read and produced.
  var tokens = 0
  /// Multiply-accumulates.
  var macs = 0

  init() {}

  init(_ work: Work) {
    tokens = work.tokensIn + work.tokensOut
    macs = work.macsTotal
  }
}

/// The body of the engine's thread: turns as long as there are orders or rows, and sleeps otherwise.
///
/// The engine is born here and never leaves. It is warm before it is ready: one small request has gone
/// through each model, in an engine that is dropped with its books.
func runEngine(
  _ models: [ServedModel],
  limits: EngineLimits,
  clock: @escaping @Sendable () -> Duration,
  orders: WorkQueue<Order>,
  reports: Mailbox<EngineReport>
) {
  Engine.warm(models, limits: limits, clock: clock)
  var progress = Progress()
  var engine = Engine(
    models: models,
    limits: limits,
    clock: clock,
    urgent: {
      let taken = orders.takeUrgent(where: \.isUrgent)
      answerEchoes(among: taken, progress, reports)
      return taken.filter(\.isEnd)
    },
    tell: { reports.post([.emissions($0, turn: nil)], waking: $1) }
  )
  reports.post(.ready(wakeWorkers: engine.wakeWorkers, engine.payingShares))
  while true {
    let arrived = orders.take(waiting: !engine.hasWork)
    if arrived.isEmpty, !engine.hasWork { break }
    let began = clock()
    let emissions = engine.turn(arrived)
    progress = Progress(engine.counters)
    if !emissions.isEmpty {
      reports.post([.emissions(emissions, turn: clock() - began)], waking: engine.carrier)
    }
    // After the turn, and not before: an engine that never comes back from one does not answer.
    answerEchoes(among: arrived, progress, reports)
  }
  reports.post(
    .stopped(Books(counters: engine.counters, billed: engine.billed, load: engine.load))
  )
}

private func answerEchoes(
  among orders: [Order],
  _ progress: Progress,
  _ reports: Mailbox<EngineReport>
) {
  for case .echo(let number) in orders { reports.post(.alive(number, progress)) }
}

extension Order {
  /// Whether it ends a request: what may happen between two layers.
  var isEnd: Bool { if case .end = self { true } else { false } }
}
