import Inference
import Logging
import Loop
import Support

@testable import Serving
@testable import Wire

/// Everything between a client's call and its bill, from one seed: real clients, peers, exchange and
/// engine; a fake network, a fake clock, and an engine that is turned by hand.
final class World {
  let seed: Int
  let conditions: Conditions
  let clock = FakeClock()
  let calendar: FakeCalendar
  let orders: WorkQueue<Order>
  let exchange: Exchange
  let desk: EngineDesk
  var random: SplitMix64
  var trace = Trace()
  var clients: [VirtualClient] = []
  var complaints: [String] = []
  /// ENDs that clients got, by detail.
  var tally: [String: Int] = [:]
  /// Peers that the exchange may still know, and how many streams each has opened.
  var peers: [Peer] = []
  var lastStreams: [Int] = []
  /// Whether the daemon would have closed its listeners.
  private(set) var isDraining = false
  private(set) var isDrained = false
  /// Whether nothing new is begun.
  var isSettling = false

  init(seed: Int) {
    self.seed = seed
    random = SplitMix64(seed: UInt64(seed))
    conditions = Conditions(&random)
    calendar = FakeCalendar(clock)
    let engine = conditions.configuration.engine
    orders = WorkQueue(offersMax: engine.sequencesMax)
    let clock = clock
    exchange = Exchange(
      conditions.configuration,
      catalog: TinyHouse.catalog,
      timekeeper: calendar,
      orders: orders,
      clock: { clock.now },
      log: Logger(label: "simulation") { _ in Silence() },
      entropy: SplitMix64(seed: UInt64(seed) ^ 0xE27_0B1A)
    )
    desk = EngineDesk(engine, orders, clock)
    desk.betweenLayers = { [unowned self] in passBoundary() }
  }

  /// A whole life: lively steps, then everything is let go and judged.
  func run() {
    for _ in 0 ..< random.number(1 ... 4) { connect() }
    for step in 0 ..< conditions.steps where complaints.isEmpty {
      if step == conditions.drainStep { drain() }
      self.step()
      check()
    }
    if complaints.isEmpty { settle() }
    desk.betweenLayers = {}
  }

  /// What `Daemon.stop` does.
  func drain() {
    guard !isDraining else { return }
    isDraining = true
    note("drain", 0, 0)
    exchange.onDrained = { [unowned self] in
      isDrained = true
      orders.close()
    }
    exchange.drain()
  }

  func note(_ what: StaticString, _ who: Int, _ number: Int) {
    trace.note(what, who, number, at: clock.now)
  }

  func complain(_ text: String) { complaints.append(text) }

  /// One turn of the engine's thread.
  func turnEngine() {
    guard desk.turn() else { return }
    note("turn", desk.arrivedCount, desk.reports.last?.count ?? 0)
    if let complaint = desk.complaint { complain(complaint) }
  }

  /// The loop's thread gets what the engine has told so far.
  func deliverReports() {
    guard !desk.reports.isEmpty else { return }
    let reports = desk.reports
    desk.reports = []
    note("deliver", reports.count, reports.reduce(0) { $0 + $1.count })
    for emissions in reports { exchange.deliver(emissions) }
  }

  /// Between two layers the other thread goes on.
  private func passBoundary() {
    guard random.chance(conditions.boundaryPercent) else { return }
    for _ in 0 ..< random.number(1 ... 3) { stepOfLoop() }
  }
}
