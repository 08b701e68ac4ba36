@testable import Inference
import Loop
@testable import Serving
@testable import Wire

// What must hold after every step.

extension World {
  func check() {
    for client in clients {
      complaints += client.complaints + client.link.tap.complaints
    }
    for (index, peer) in peers.enumerated() {
      lastStreams[index] = max(lastStreams[index], peer.conversation.lastStream)
      check(peer, client: clients[index])
    }
    if exchange.ledger.runningCount > exchange.calls.count
      + peers.reduce(0, { $0 + $1.calls.count })
    {
      complain("\(exchange.ledger.runningCount) calls run in the ledger")
    }
    if !desk.isTurning, orders.isEmpty, desk.reports.isEmpty { checkSlots() }
  }

  private func check(_ peer: Peer, client: VirtualClient) {
    peer.conversation.checkInvariants()
    let limits = conditions.configuration.limits
    if peer.conversation.openCount > limits.wire.streamsMax {
      complain("\(peer.conversation.openCount) streams are open")
    }
    for call in peer.calls.values where call.pending.count > limits.slots {
      complain("\(call.pending.count) results wait with \(limits.slots) slots")
    }
    // Results wait for room; ENDs and BILLs of what one read refused may go over by as much as it held.
    let outbox = peer.conversation.line.outbox
    let dataMax = limits.wire.outputBytesMax + limits.wire.frameBytesMax
    if outbox.backlog - outbox.control > dataMax {
      complain("\(outbox.backlog) bytes of DATA wait")
    }
    if outbox.control > limits.wire.controlBytesMax + 65_536 {
      complain("\(outbox.control) bytes of control wait")
    }
    checkForgotten(peer, client.link)
    if client.link.queuedBytes > dataMax + limits.wire.controlBytesMax + 65_536 {
      complain("\(client.link.queuedBytes) bytes are queued")
    }
  }

  /// What could be sent has been sent, whatever the order in which room, credit and results came.
  private func checkForgotten(_ peer: Peer, _ link: Link) {
    guard link.isListening else { return }
    let conversation = peer.conversation
    let backlog = conversation.line.outbox.backlog
    let outputMax = conversation.line.limits.outputBytesMax
    if backlog >= outputMax, !link.willTell {
      complain("peer \(peer.number) waits for room, and nobody will tell it of any")
    }
    for call in peer.callsInOrder {
      guard let first = call.pending.first else { continue }
      let length = Frame.data(call.stream, first).encoded.count - 4
      if conversation.sendable(call.stream) >= length {
        complain("peer \(peer.number) has a message of \(length) bytes that could go")
      }
    }
  }

  /// With nothing under way between the threads, every slot of a call is in one of two places.
  private func checkSlots() {
    for (id, call) in exchange.calls {
      guard let sequence = desk.engine.sequences[id] else {
        complain("sequence \(id.number) is gone and its call was not told")
        continue
      }
      guard call.asked == nil else { continue }
      let slots = conditions.configuration.limits.slots
      if sequence.slots + call.pending.count != slots {
        complain(
          "sequence \(id.number): \(sequence.slots) + \(call.pending.count) of \(slots) slots"
        )
      }
    }
    if desk.engine.sequences.values.count(where: { $0.rail == nil }) > exchange.calls.count {
      complain("\(desk.engine.sequences.count) sequences for \(exchange.calls.count) calls")
    }
  }
}
