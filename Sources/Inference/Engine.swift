import Models
import Tensors

/// The batched engine that serves all requests of all models together.
///
/// It takes orders and returns emissions; nothing else goes in or out. Each turn applies the orders,
/// ends what has expired, admits what fits, and runs one step of one model: decode rows first, then
/// slices of prefill (or whole texts, for encoders). Between two layers of a step it looks at the
/// clock and at urgent orders, and once more after the last; rows whose request has ended leave the batch there.
///
/// Every request that was opened ends exactly once, with its bill. The sum of all bills equals
/// `counters`, which count whole matrix products where they are called.
public struct Engine {
  /// What the engine takes on at most.
  public let limits: EngineLimits
  /// Work done since the start, counted per product and per batch.
  public internal(set) var counters = Work()
  /// Sum of the bills that went out.
  public internal(set) var billed = Work()

  let clock: () -> Duration
  let urgent: () -> [Order]
  /// Takes what there is to tell while a step runs; nil keeps all of it for the end of the turn.
  let tell: (([Emission], _ carry: Carrier) -> Void)?
  let workers: Workers
  var lanes: [Lane]
  var sequences: [SequenceID: Sequence] = [:]
  var fairness = Fairness()
  var emissions: [Emission] = []
  /// Urgent ends of requests that are not open: theirs may still wait to be opened, in the next turn.
  var deferred: [Order] = []
  /// How fast work goes, and where the last turn stood that left some.
  var pace = Pace()
  private var lastBusy: (began: Duration, macs: Int)?
  /// How much effort there is for everybody.
  var brownOut = BrownOut()
  /// When the next open request ends, as far as anybody can tell; found once for all that a turn refuses for want of a place.
  var nextEndOfTurn: Duration??
  /// When the engine last looked between two layers of this step, and what the last layer took.
  var layer: (began: Duration?, took: Duration) = (nil, .zero)
  /// Whether a request ended in the running step by what its rows said.
  var hasEndedInStep = false
  /// No open request has a deadline before this; nil if none has any.
  var nextDeadline: Duration?
  /// Checks that have begun.
  var railNumber: UInt64 = 0
  private var laneTurn = 0

  /// Builds an engine around loaded models.
  ///
  /// - Parameters:
  ///   - models: what to serve; names are unique.
  ///   - limits: what to take on at most.
  ///   - clock: the time, since any fixed moment.
  ///   - urgent: ends that arrived since it was last asked; called between layers.
  ///   - tell: takes early verdicts between layers; nil keeps them for the end of the turn.
  public init(
    models: [ServedModel],
    limits: EngineLimits = EngineLimits(),
    clock: @escaping () -> Duration,
    urgent: @escaping () -> [Order] = { [] },
    tell: (([Emission], _ carry: Carrier) -> Void)? = nil
  ) {
    precondition(Set(models.map(\.name)).count == models.count, "model names must be unique")
    self.limits = limits
    self.clock = clock
    self.urgent = urgent
    self.tell = tell
    let workers = Workers(
      count: limits.workers,
      pinned: limits.pinsWorkers,
      kernels: limits.kernels
    )
    self.workers = workers
    lanes = models.map { Lane($0, limits: limits, workers: workers) }
  }

  /// Applies orders and runs one step.
  ///
  /// - Parameter orders: what happened since the last turn, in order.
  /// - Returns: what there is to tell; of each sequence in order, its end last.
  public mutating func turn(_ orders: [Order]) -> [Emission] {
    let began = clock()
    if let last = lastBusy {
      pace.learn(macs: counters.macsTotal - last.macs, took: began - last.began)
    }
    lastBusy = (began, counters.macsTotal)
    nextEndOfTurn = nil
    // Before new texts take their time.
    expire(at: began)
    // An end that was taken between layers may have overtaken its request's opening.
    let overtakers = deferred
    deferred = []
    for order in orders + overtakers {
      apply(order)
      // Texts are tokenized on the way, and many together take longer than a layer.
      expire(at: clock())
    }
    endStalled()
    weighLoad()
    checkWhenIdle()
    for index in lanes.indices { admit(lane: index) }
    step()
    // What ended in the step has left pages for those who wait.
    for index in lanes.indices { admit(lane: index) }
    if let last = lastBusy, !lanes.contains(where: \.hasRows) {
      // Nobody waits, so the turn's own time is all there is to learn.
      pace.learn(macs: counters.macsTotal - last.macs, took: clock() - last.began)
      lastBusy = nil
    }
    defer { emissions = [] }
    return emissions
  }

  /// Wakes the workers, from any thread: who brings work does so, and they come while texts are tokenized.
  public var wakeWorkers: @Sendable () -> Void { workers.wake }

  /// Runs what wakes whoever takes emissions, on any thread.
  public typealias Carrier = (@escaping @Sendable () -> Void) -> Void

  /// How to wake whoever takes emissions: by a worker, unless all are about to be wanted.
  public var carrier: Carrier { hasWork ? { $0() } : workers.send }

  /// Whether another turn would do something without any new order.
  public var hasWork: Bool {
    !deferred.isEmpty || canCheck || lanes.contains(where: \.hasRows)
  }

  /// Whether every MAC that was counted has been billed.
  ///
  /// True whenever no request is open.
  public var booksBalance: Bool { sequences.isEmpty ? counters == billed : true }

  /// What is open, waiting and held right now.
  public var load: Load {
    var load = Load()
    load.sequences = sequences.count
    load.deferred = deferred.count
    for lane in lanes {
      load.queued += lane.waiting.count
      load.running += lane.running.count
      load.pagesUsed += lane.pool?.used ?? 0
      load.pagesCached += lane.pool?.cached ?? 0
      load.pages += lane.pool?.count ?? 0
    }
    return load
  }

  private mutating func step() {
    for offset in lanes.indices {
      let index = (laneTurn + offset) % lanes.count
      endSpent(lane: index)
      guard lanes[index].hasRows else { continue }
      laneTurn = index + 1
      switch lanes[index].forward {
      case .language(let forward, let pages): step(language: forward, pages, lane: index)
      case .encoder(let forward): step(encoder: forward, lane: index)
      }
      return
    }
  }
}

/// What an engine holds at one moment.
public struct Load: Sendable, Equatable {
  /// Open requests.
  public var sequences = 0
  /// Of those, requests that wait for pages.
  public var queued = 0
  /// Of those, requests that may take part in steps.
  public var running = 0
  /// Key/value pages that open requests use; one that several share counts once.
  public var pagesUsed = 0
  /// Key/value pages that no request uses, kept for prompts that begin alike.
  public var pagesCached = 0
  /// Key/value pages in all.
  public var pages = 0
  /// Orders that wait for the next turn.
  public var deferred = 0

  /// Starts empty.
  public init() {}
}
