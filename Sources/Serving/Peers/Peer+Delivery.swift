import Inference
import Loop
import Wire

// Results out: under the client's credit, in order, and END and BILL after the last of them.

extension Peer {
  /// Takes a result from the engine.
  func deliver(_ message: Value, for call: Call) {
    guard call.asked == nil else { return }
    call.pending.append(message)
    pump(call)
  }

  /// Sends a message back; its credit goes back when it is out, so a client that does not read is not heard.
  func echo(_ message: Value, bytes: Int, for call: Call) {
    call.pending.append(message)
    call.owed.append(bytes)
    pump(call)
  }

  /// Gives credit back for input that the engine has taken in.
  func consumed(_ weight: Int, by call: Call) {
    conversation.consumed(weight, on: call.stream)
  }

  /// The engine has ended the call.
  func close(_ call: Call, _ end: End, _ bill: Inference.Bill) {
    call.ending = (end, bill)
    if end.status != .ok { call.pending = [] }
    pump(call)
  }

  /// Ends a call before its time; in the engine if it is there, at once if it is not.
  ///
  /// The first end that is asked for stands, also if the engine has finished meanwhile.
  func interrupt(_ call: Call, _ interruption: Interruption, _ end: End) {
    guard call.asked == nil else { return }
    call.asked = end
    call.pending = []
    if let ending = call.ending {
      call.ending = (end, ending.bill)
      finish(call)
    } else if let sequence = call.sequence {
      exchange.orders.post(.end(sequence, interruption))
    } else {
      call.ending = (end, Inference.Bill())
      finish(call)
    }
  }

  /// Sends what credit allows; slots that become free go back to the engine.
  func pump(_ call: Call) {
    guard call.pending.isEmpty || conversation.sendable(call.stream) > 0 else { return }
    var sent = 0
    loop: while sent < call.pending.count {
      switch conversation.send(call.pending[sent], on: call.stream) {
      case .sent: sent += 1
      case .blocked: break loop
      case .closed:
        sent = call.pending.count
        break loop
      case .tooLarge:
        let text = "a result is larger than the client's frames or credit can ever hold"
        interrupt(call, .violated, End(.inputTooLarge, text: text))
        return
      }
    }
    call.pending.removeFirst(sent)
    if !call.owed.isEmpty {
      conversation.consumed(call.owed.prefix(sent).reduce(0, +), on: call.stream)
      call.owed.removeFirst(min(sent, call.owed.count))
    }
    if sent > 0, call.ending == nil, let sequence = call.sequence {
      exchange.orders.post(.credit(sequence, slots: sent))
    }
    if call.pending.isEmpty, call.ending != nil { finish(call) }
  }

  /// Sends END and BILL; the call is over.
  func finish(_ call: Call) {
    guard let ending = call.ending, calls.removeValue(forKey: call.stream) != nil else { return }
    let traffic = conversation.end(call.stream, ending.end)
    call.traffic = traffic
    conversation.bill(call.stream, exchange.settle(call))
  }
}
