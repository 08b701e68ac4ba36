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
  let loop: EventLoop
  let orders: WorkQueue<Order>
  let clock: @Sendable () -> Duration
  private(set) var log: Logger
  private(set) var ledger: Ledger
  private(set) var isDraining = false
  private var drainEnd = Duration.zero
  private var ticker: Timer?
  /// Calls that ran when the drain time was over.
  private(set) var evictedCount = 0
  private(set) var calls: [SequenceID: Call] = [:]
  private var peers: [ObjectIdentifier: Peer] = [:]
  private var sequenceCount: UInt64 = 0
  /// Called when a drain has nothing left to wait for.
  var onDrained: (() -> Void)?

  init(
    _ configuration: Configuration,
    catalog: Catalog,
    loop: EventLoop,
    orders: WorkQueue<Order>,
    clock: @escaping @Sendable () -> Duration,
    log: Logger
  ) {
    self.configuration = configuration
    self.catalog = catalog
    self.loop = loop
    self.orders = orders
    self.clock = clock
    self.log = log
    ledger = Ledger(rememberedMax: configuration.billsRemembered)
  }

  var now: Duration { clock() }

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

  /// Takes a new connection.
  func accept(_ connection: Connection, tenant: String) {
    let peer = Peer(connection, tenant: tenant, exchange: self)
    let isFull = peers.count >= configuration.limits.connectionsMax
    peers[ObjectIdentifier(peer)] = peer
    peer.start()
    if isFull {
      peer.refuse(
        .connectionsMax,
        "\(configuration.limits.connectionsMax) connections are open; try later"
      )
    } else if isDraining {
      peer.goAway("the server is going away")
    }
  }

  func forget(_ peer: Peer) {
    peers[ObjectIdentifier(peer)] = nil
    checkDrained()
  }

  /// How long a connection that ends may take to send what is left; a drain gives what it has.
  var farewell: Duration { max(.seconds(2), isDraining ? drainEnd - now : .zero) }

  /// How long a call may take: what it asks for, within what the server allows.
  func timeLeft(for call: Call) -> Duration {
    min(call.open.deadline ?? .seconds(Int64.max >> 32), configuration.limits.callTimeMax)
  }

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
      slots: configuration.limits.slots
    )
    guard orders.offer(.open(request)) else {
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
    let timer = Timer(on: loop) { [weak self] in
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
    var touched: [ObjectIdentifier: Peer] = [:]
    for emission in emissions {
      guard let call = calls[emission.id] else {
        preconditionFailure("an emission for sequence \(emission.id.number), which has no call")
      }
      if let peer = call.peer { touched[ObjectIdentifier(peer)] = peer }
      if case .ended(let id, let outcome, let bill) = emission {
        calls[id] = nil
        end(call, outcome, bill)
      } else if case .consumed(_, let weight) = emission {
        call.peer?.consumed(weight, by: call)
      } else if let message = emission.message {
        call.peer?.deliver(message, for: call)
      }
    }
    for peer in touched.values { peer.flush() }
    checkDrained()
  }

  private func end(_ call: Call, _ outcome: Outcome, _ bill: Inference.Bill) {
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
    ledger.enter(bill, began: call.began)
    log.info("call ended", metadata: Self.pairs(bill, ending.end))
    return bill
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
    for peer in peers.values { peer.goAway("the server is going away") }
    Timer.once(on: loop, after: configuration.drain) { [weak self] in self?.endAll() }
    checkDrained()
  }

  /// The drain time is over: what still runs ends now, and is billed.
  private func endAll() {
    for peer in peers.values {
      for call in peer.calls.values {
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

  private func checkDrained() {
    if isDraining, calls.isEmpty, peers.isEmpty { onDrained?() }
  }
}
