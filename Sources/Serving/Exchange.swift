import Inference
import Logging
import Loop
import Wire

/// Where bytes and numbers meet: knows every peer and every call.
///
/// It sends orders to the engine and hands the engine's emissions to their calls. Lives on the loop's
/// thread.
final class Exchange {
  private(set) var configuration: Configuration
  private(set) var catalog: Catalog
  let timekeeper: any Timekeeper
  let orders: WorkQueue<Order>
  let clock: @Sendable () -> Duration
  private(set) var log: Logger
  /// Where made-up call ids and seeds come from.
  private var entropy: any RandomNumberGenerator
  private(set) var ledger: Ledger
  private(set) var isDraining = false
  private var drainEnd = Duration.zero
  private var ticker: (any Alarm)?
  /// Calls that ran when the drain time was over.
  private(set) var evictedCount = 0
  /// How calls of each model with a deadline of their own ended.
  var deadlines: [String: Deadlines] = [:]
  /// What the engine's last turn took; nil before any.
  var turnTime: Duration?
  /// What was checked of each model.
  var checks: [String: Checks] = [:]
  private(set) var calls: [SequenceID: Call] = [:]
  /// By number, in the order in which they came.
  private var peers: [UInt64: Peer] = [:]
  /// Up to which share of a layer's experts these run by themselves, by model; empty before the engine has measured it.
  var payingShares: [String: [PayingShare]] = [:]
  /// Wakes the engine's workers; nil before there are any.
  var wakeWorkers: (() -> Void)?
  /// Whether work was brought since they were last woken.
  private var hasBrought = false
  private var peerCount: UInt64 = 0
  private var sequenceCount: UInt64 = 0
  /// Called when a drain has nothing left to wait for.
  var onDrained: (() -> Void)?

  init(
    _ configuration: Configuration,
    catalog: Catalog,
    timekeeper: any Timekeeper,
    orders: WorkQueue<Order>,
    clock: @escaping @Sendable () -> Duration,
    log: Logger,
    entropy: any RandomNumberGenerator = SystemRandomNumberGenerator()
  ) {
    self.configuration = configuration
    self.catalog = catalog
    self.timekeeper = timekeeper
    self.orders = orders
    self.clock = clock
    self.log = log
    self.entropy = entropy
    ledger = Ledger(rememberedMax: configuration.billsRemembered)
  }

  var now: Duration { clock() }

  /// Gives the engine at once what `body` orders.
  func ordering(_ body: () -> Void) {
    orders.gathering(body)
    guard hasBrought else { return }
    // After the engine, which has texts to tokenize first.
    hasBrought = false
    wakeWorkers?()
  }

  /// Gives the engine an order that concerns an open call.
  func order(_ order: Order) {
    hasBrought = hasBrought || order.bringsWork
    orders.post(order)
  }

  /// How busy the edge is.
  var edge: Pulse.Edge {
    Pulse.Edge(calls: calls.count, connections: peers.count, isDraining: isDraining)
  }

  /// Takes new settings for the connections and calls that begin from now on.
  func adopt(_ settings: Configuration, log: Logger) {
    configuration = settings
    catalog.adopt(settings.models)
    ledger.rememberedMax = settings.billsRemembered
    self.log = log
  }

  /// Takes a new connection, whatever carries it.
  @discardableResult
  func accept(_ connection: any Transport, tenant: String) -> Peer {
    peerCount += 1
    let peer = Peer(peerCount, connection, tenant: tenant, exchange: self)
    let isFull = peers.count >= configuration.limits.connectionsMax
    peers[peer.number] = peer
    peer.start()
    if isFull {
      peer.refuse(
        .connectionsMax,
        "\(configuration.limits.connectionsMax) connections are open; try later"
      )
    } else if isDraining {
      peer.goAway("the server is going away")
    }
    return peer
  }

  func forget(_ peer: Peer) {
    peers[peer.number] = nil
    checkDrained()
  }

  /// How long a connection that ends may take to send what is left; a drain gives what it has.
  var farewell: Duration { max(.seconds(2), isDraining ? drainEnd - now : .zero) }

  /// How long a call may take: what it asks for, within what the server allows.
  ///
  /// A watch may last as long as its connection.
  func timeLeft(for call: Call) -> Duration {
    let asked = call.open.deadline ?? .seconds(Int64.max >> 32)
    return call.method == .healthWatch ? asked : min(asked, configuration.limits.callTimeMax)
  }

  /// A call id for a call that brought none.
  func makeCallID() -> CallID { CallID(using: &entropy) }

  /// Randomness for a call that brought none.
  func makeSeed() -> UInt64 { entropy.next() }

  /// A factor for times that should not be the same everywhere.
  func makeJitter() -> Double { .random(in: 0.9 ... 1.1, using: &entropy) }

  /// Takes a call's id for its tenant.
  func claim(_ call: Call) throws(WireError) {
    guard ledger.begin(call.id, of: call.tenant) else {
      throw WireError(
        .callInUse,
        "call \(call.id) is running or was billed already; take a fresh id"
      )
    }
    call.began = true
  }

  /// The tighter of a call's budgets, in multiply-accumulates.
  private func macsMax(for call: Call) -> Int? {
    let own = call.open.macsMax.map { Int(clamping: $0) }
    let paid = call.open.costMax.flatMap { call.tariff?.macsMax(micro: $0) }
    return [own, paid].compactMap { $0 }.min()
  }

  /// Opens a call in the engine.
  func submit(_ call: Call, task: Request.Task) throws(WireError) {
    sequenceCount += 1
    let id = SequenceID(sequenceCount)
    let request = Request(
      id: id,
      tenant: call.tenant,
      model: call.model,
      task: task,
      arrived: call.opened,
      deadline: call.opened + timeLeft(for: call),
      effort: call.open.effort,
      effortMin: call.open.effortMin ?? configuration.effortFloor,
      macsMax: macsMax(for: call),
      hurries: call.open.deadline != nil,
      slots: configuration.limits.slots
    )
    guard orders.offer(.open(request)) else {
      // The engine takes all of them with its next turn.
      call.retryAfter = turnTime
      throw WireError(.queueFull, "\(orders.offersMax) requests wait for the engine; try later")
    }
    call.sequence = id
    calls[id] = call
    startTicking()
  }

  /// Lets the engine look at the clock twice a stall limit while calls are open: stalled calls give it
  /// no other reason to wake up.
  private func startTicking() {
    guard ticker == nil else { return }
    let timer = timekeeper.makeAlarm { [weak self] in
      guard let self else { return }
      if self.calls.isEmpty { self.stopTicking() } else { self.orders.post(.tick) }
    }
    timer.start(after: configuration.engine.stallMax / 2, every: configuration.engine.stallMax / 2)
    ticker = timer
  }

  private func stopTicking() {
    ticker?.close()
    ticker = nil
  }

  /// Hands the engine's emissions to their calls.
  func deliver(_ emissions: [Emission]) {
    var touched: [UInt64: Peer] = [:]
    for emission in emissions {
      if case .checked(let report) = emission {
        note(report)
        continue
      }
      guard let call = calls[emission.id] else {
        preconditionFailure("an emission for sequence \(emission.id.number), which has no call")
      }
      if let peer = call.peer { touched[peer.number] = peer }
      if case .ended(let id, let outcome, let bill) = emission {
        calls[id] = nil
        end(call, outcome, bill)
      } else if case .consumed(_, let weight) = emission {
        call.peer?.consumed(weight, by: call)
      } else if let message = emission.message {
        call.peer?.deliver(message, for: call)
      }
    }
    for peer in Self.ordered(touched) { peer.flush() }
    checkDrained()
  }

  private func end(_ call: Call, _ outcome: Outcome, _ bill: Inference.Bill) {
    if let own = bill.punctuality { deadlines[call.model, default: Deadlines()].note(own) }
    var end = call.asked ?? End(outcome, worked: bill.work.macsTotal > 0)
    if let seed = call.seed { end.metadata["seed"] = .string("\(seed)") }
    if let peer = call.peer {
      peer.close(call, end, bill)
    } else {
      call.ending = (end, bill)
      _ = settle(call)
    }
  }

  /// The call's connection is gone.
  func abandon(_ call: Call) {
    call.asked = call.asked ?? End(.cancelled)
    if let ending = call.ending {
      // What was never delivered was not a success.
      if !call.pending.isEmpty { call.ending = (End(.cancelled), ending.bill) }
      _ = settle(call)
    } else if let sequence = call.sequence {
      orders.post(.end(sequence, .cancelled))
    } else {
      call.ending = (End(.cancelled), Inference.Bill())
      _ = settle(call)
    }
  }

  /// Puts an ended call's bill in the ledger.
  func settle(_ call: Call) -> Wire.Bill {
    call.timer?.close()
    call.timer = nil
    guard let ending = call.ending else { preconditionFailure("a call is billed before its end") }
    var bill = Wire.Bill(
      of: call,
      ending.bill,
      status: ending.end.status,
      tariff: call.tariff
    )
    bill.totalTime = now - call.opened
    bill.bytesIn = UInt64(call.traffic.bytesIn)
    bill.bytesOut = UInt64(call.traffic.bytesOut)
    // Nothing was done for it, so its id is free for another attempt.
    let isFree = ending.end.knownDetail?.isRetryable == true && bill.macsTotal == 0
    ledger.enter(bill, began: call.began, remembers: !isFree)
    log.info("call ended", metadata: Self.pairs(bill, ending.end))
    return bill
  }

  /// Puts a check on the operator's account, and tells of agreement that has drifted.
  private func note(_ report: RailReport) {
    checks[report.model, default: Checks()].note(report)
    let bill = Wire.Bill(
      of: report,
      call: makeCallID(),
      tenant: configuration.operatorTenant,
      tariff: catalog[report.model]?.tariff
    )
    ledger.enter(check: bill)
    guard let raised = report.raisedTo else { return }
    log.warning(
      "answers agree less with the whole model than when it was taught; effort is raised",
      metadata: ["model": "\(report.model)", "effort": "\(raised)"]
    )
  }

  private static func pairs(_ bill: Wire.Bill, _ end: End) -> Logger.Metadata {
    [
      "call": "\(bill.call)", "method": "\(bill.method)", "tenant": "\(bill.tenant)",
      "model": "\(bill.model)", "status": "\(end.status)", "detail": "\(end.detail)",
      "tokens_in": "\(bill.tokensIn)", "tokens_out": "\(bill.tokensOut)",
      "macs": "\(bill.macsTotal)", "cost_micro": "\(bill.costMicro)",
      "total_us": "\(Int64(bill.totalTime / .microseconds(1)))",
    ]
  }

  /// Begins to go away: nothing new is taken, and what runs has the drain time.
  func drain() {
    guard !isDraining else { return }
    isDraining = true
    drainEnd = now + configuration.drain
    for peer in Self.ordered(peers) { peer.goAway("the server is going away") }
    timekeeper.once(after: configuration.drain) { [weak self] in self?.endAll() }
    checkDrained()
  }

  /// The drain time is over: what still runs ends now, and is billed.
  private func endAll() {
    for peer in Self.ordered(peers) {
      for call in peer.callsInOrder {
        evictedCount += 1
        peer.interrupt(
          call,
          .draining,
          End(.draining, text: "the server is going away; see the bill")
        )
      }
      peer.flush()
    }
    checkDrained()
  }

  /// What happens does not hang on a dictionary's whim.
  private static func ordered(_ peers: [UInt64: Peer]) -> [Peer] {
    peers.values.sorted { $0.number < $1.number }
  }

  private func checkDrained() {
    if isDraining, calls.isEmpty, peers.isEmpty { onDrained?() }
  }
}
