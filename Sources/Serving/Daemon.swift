import Inference
public import Logging
public import Loop

/// The daemon: joins the loop's thread and the engine's, from start to drain.
///
/// Call everything on one thread; `run` turns it into the loop's.
public final class Daemon {
  var configuration: Configuration
  var log: Logger
  let loop: EventLoop
  let supervisor: Supervisor
  let herald: Herald
  private let orders: WorkQueue<Order>
  let exchange: Exchange
  private let models: [ServedModel]
  private var listeners: [Listener] = []
  private var watchers: [SignalWatcher] = []
  private var reports: Mailbox<EngineReport>?
  private var books: Books?
  private(set) var isStopping = false

  /// Called on the loop when the engine is ready and clients may connect.
  public var onReady: (([Address]) -> Void)?
  /// Called on the loop at SIGHUP to read the configuration again; without it SIGHUP does nothing.
  public var onReload: (() throws -> Configuration)?

  /// Loads the models and binds nothing yet.
  ///
  /// - Parameters:
  ///   - configuration: what to serve and how.
  ///   - log: where to tell.
  ///   - supervisor: what started this process; it may have passed sockets, and wants to be told.
  /// - Throws: `ConfigurationError`, `FormatError` for a model, `LoopError`.
  public init(
    _ configuration: Configuration,
    log: Logger,
    supervisor: Supervisor = Supervisor()
  ) throws {
    self.configuration = configuration
    self.log = log
    self.supervisor = supervisor
    guard !configuration.models.isEmpty else {
      throw ConfigurationError(
        source: "configuration",
        key: "models",
        reason: "is empty; name at least one model"
      )
    }
    guard configuration.unix != nil || configuration.tcp != nil || !supervisor.sockets.isEmpty
    else {
      throw ConfigurationError(
        source: "configuration",
        key: "listen",
        reason: "names no socket; set unix or tcp"
      )
    }
    // The loop comes first: from then on a log that nobody reads is no signal that kills.
    loop = try EventLoop()
    herald = Herald(supervisor, on: loop)
    models = try openModels(
      configuration.models,
      threads: configuration.threads,
      on: loop,
      herald: herald,
      log: log
    )
    for model in models {
      if let reason = configuration.engine.problem(with: model) {
        throw ConfigurationError(
          source: "configuration",
          key: "engine.key_value_megabytes",
          reason: reason
        )
      }
    }
    orders = WorkQueue(
      offersMax: configuration.engine.sequencesMax,
      // A caller who asks again at once takes about as long; an engine that looks must not keep the loop from the only CPU.
      lookMax: EngineLimits.cpus > 1 ? .microseconds(200) : .zero
    )
    let origin = ContinuousClock.now
    exchange = Exchange(
      configuration,
      catalog: Catalog(Array(zip(models, configuration.models.map(\.tariff)))),
      timekeeper: loop,
      orders: orders,
      clock: { origin.duration(to: .now) },
      log: log
    )
  }

  /// Serves until SIGTERM, SIGINT or `stop`, then drains.
  ///
  /// - Parameter isWholeProcess: Whether the process exits after it; signals are left without effect then.
  /// - Returns: how the books stood at the end.
  /// - Throws: `LoopError` when a socket cannot be bound.
  public func run(isWholeProcess: Bool = false) throws -> Closing {
    var limits = configuration.engine
    try limits.useMachine(threads: configuration.threads)
    log.info(
      "computing",
      metadata: ["threads": "\(limits.workers)", "kernels": "\(limits.kernelsName)"]
    )
    let reports = try Mailbox<EngineReport>(on: loop) { [weak self] in self?.receive($0) }
    self.reports = reports
    for signal in [Signal.terminate, .interrupt] {
      watchers.append(try SignalWatcher(signal, on: loop) { [weak self] _ in self?.stop() })
    }
    watchers.append(try SignalWatcher(.hangup, on: loop) { [weak self] _ in self?.reload() })
    listeners = try listen()
    herald.warming()
    let engine = WorkerThread(named: "mete-engine") {
      [models, limits, clock = exchange.clock, orders] in
      runEngine(models, limits: limits, clock: clock, orders: orders, reports: reports)
    }
    loop.run()
    engine.join()
    // Closed watchers give the default back, and a second SIGTERM would spoil the exit code.
    if isWholeProcess { try SignalWatcher.keepAll() }
    loop.close()
    return close()
  }

  /// Makes a closure that stops the daemon from any thread; call this on the daemon's own, before `run`.
  ///
  /// - Returns: the closure; it may be called after the daemon has ended.
  /// - Throws: `LoopError` when the system refuses.
  public func makeStopper() throws(LoopError) -> @Sendable () -> Void {
    let requests = try Mailbox<Bool>(on: loop) { [weak self] _ in self?.stop() }
    return { requests.post(true) }
  }

  /// Begins to drain: no new connections or calls, and an end when what runs is done or its time is up.
  public func stop() {
    guard !isStopping else { return }
    isStopping = true
    log.notice("draining", metadata: ["calls": "\(exchange.calls.count)"])
    herald.stopping(calls: exchange.calls.count, drain: configuration.drain)
    for listener in listeners { listener.close() }
    exchange.onDrained = { [orders] in orders.close() }
    exchange.drain()
  }

  private func receive(_ received: [EngineReport]) {
    for report in received {
      switch report {
      case .ready(let wakeWorkers, let payingShares):
        exchange.wakeWorkers = wakeWorkers
        exchange.payingShares = payingShares
        let addresses = listeners.map(\.address)
        log.notice(
          "ready",
          metadata: ["listen": "\(addresses.map(\.description).joined(separator: " "))"]
        )
        if !isStopping { herald.ready() }
        herald.beginPulse { [orders] in orders.post(.echo($0)) }
        onReady?(addresses)
      case .alive(let number, let progress): herald.hear(number, progress, exchange.edge)
      case .emissions(let emissions, let turn):
        exchange.turnTime = turn ?? exchange.turnTime
        exchange.deliver(emissions)
      case .stopped(let books):
        self.books = books
        exchange.wakeWorkers = nil
        loop.stop()
      }
    }
  }

  private func close() -> Closing {
    let callsOpen = exchange.ledger.runningCount + exchange.calls.count
    var closing = Closing(books, billed: exchange.ledger.total, callsOpen: callsOpen)
    closing.billsCount = exchange.ledger.billsCount
    closing.checksCount = exchange.ledger.checksCount
    closing.callsEvicted = exchange.evictedCount
    var pairs: Logger.Metadata = [
      "bills": "\(closing.billsCount)", "checks": "\(closing.checksCount)",
      "macs_billed": "\(closing.macsBilled)",
      "macs_counted": "\(closing.macsCounted)", "calls_open": "\(closing.callsOpen)",
      "pages": "\(closing.load.pagesUsed)",
    ]
    if closing.isBalanced {
      log.notice("stopped; the books balance", metadata: pairs)
    } else {
      pairs["billed"] = "\(exchange.ledger.total)"
      pairs["counted"] = "\(books.map { "\(Ledger.Total($0.counters))" } ?? "nothing")"
      log.critical("stopped; the books do not balance", metadata: pairs)
    }
    return closing
  }
}
