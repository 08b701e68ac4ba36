import Inference
import Logging
import Loop
import Wire

/// One client connection: moves bytes between its socket and its conversation, and turns what the
/// client says into calls.
final class Peer {
  /// Its place in the order of connections.
  let number: UInt64
  /// Who pays for everything on this connection.
  let tenant: String
  let exchange: Exchange
  var conversation: Conversation
  var calls: [StreamID: Call] = [:]
  private let connection: any Transport
  private var ticker: (any Alarm)?
  private var isClosed = false

  init(_ number: UInt64, _ connection: any Transport, tenant: String, exchange: Exchange) {
    self.number = number
    self.connection = connection
    self.tenant = tenant
    self.exchange = exchange
    var limits = exchange.configuration.limits.wire
    // Connections that came together do not all leave together.
    limits.age = limits.age * exchange.makeJitter()
    conversation = Conversation(
      software: "mete \(Version.current)",
      limits: limits,
      now: exchange.now
    )
  }

  /// Begins to listen; the server's HELLO goes out.
  func start() {
    ticker = exchange.timekeeper.makeAlarm { [weak self] in self?.tick() }
    connection.drainMark = exchange.configuration.limits.wire.outputBytesMax / 2
    connection.onBytes = { [weak self] in self?.receive($0) }
    connection.onDrained = { [weak self] in self?.flush() }
    // An end of the client's bytes is the end of the client: it could not even cancel any more.
    connection.onEnd = { [weak self] error in self?.disconnect(error) }
    connection.onClose = { [weak self] in self?.disconnect(nil) }
    flush()
  }

  var description: String { connection.remoteDescription }

  /// The calls, oldest first.
  var callsInOrder: [Call] { calls.values.sorted { $0.stream < $1.stream } }

  private func receive(_ bytes: [UInt8]) {
    exchange.ordering { act(on: conversation.receive(bytes, now: exchange.now)) }
    flush()
  }

  private func tick() {
    let wasGoingAway = conversation.isGoingAway
    act(on: conversation.tick(now: exchange.now))
    if conversation.isGoingAway, !wasGoingAway { endWatches("the connection is old; open another") }
    flush()
  }

  /// Writes what the conversation has to say, and whatever that makes room for.
  func flush() {
    guard !isClosed else { return }
    repeat {
      if conversation.hasOutput { connection.write(conversation.takeOutput()) }
      // After every write, also the last: nobody else tells of room that was there at once.
      act(on: conversation.outputPressure(connection.queuedBytes))
    } while conversation.hasOutput
    if let due = conversation.nextTick {
      // Not zero: a timer that is due at once again would keep the loop from its sockets.
      ticker?.start(after: max(.milliseconds(1), due - exchange.now), every: nil)
    } else {
      ticker?.stop()
    }
    if conversation.isFailed || conversation.isGoingAway, calls.isEmpty { leave() }
  }

  /// Says that no new streams are taken.
  func goAway(_ text: String) {
    conversation.goAway(text)
    endWatches(text)
    flush()
  }

  /// Watches end with the connection; what they watch is told a last time.
  private func endWatches(_ text: String) {
    for call in callsInOrder
    where call.isWatching && call.ending == nil {
      if exchange.isDraining, let last = try? exchange.health(call) { call.pending.append(last) }
      call.ending = (End(.draining, text: text), Inference.Bill())
      pump(call)
    }
  }

  /// Refuses the connection as a whole.
  func refuse(_ detail: Detail, _ text: String) {
    conversation.fail(detail, text)
    flush()
  }

  /// Sends what is queued, then closes.
  private func leave() {
    guard !isClosed else { return }
    isClosed = true
    ticker?.close()
    // It counts as a connection until the last byte is out: a drain waits for it, and so do bounds.
    connection.onClose = { [exchange, self] in exchange.forget(self) }
    connection.finish(within: exchange.farewell, lingering: .seconds(2))
  }

  /// The socket is gone: whatever runs is cancelled, and billed all the same.
  private func disconnect(_ error: LoopError?) {
    guard !isClosed else { return }
    isClosed = true
    ticker?.close()
    connection.close()
    for call in callsInOrder {
      call.traffic = conversation.end(call.stream, End(.cancelled))
      call.peer = nil
      exchange.abandon(call)
    }
    calls = [:]
    exchange.forget(self)
    exchange.log.debug(
      "client gone",
      metadata: ["peer": "\(description)", "reason": "\(error.map { "\($0)" } ?? "closed")"]
    )
  }
}
