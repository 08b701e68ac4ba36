import Inference
import Models

@testable import Serving
@testable import Wire

// What every client got, held to what it is owed.

extension World {
  func judgeAnswers() {
    let alone = Alone(conditions.configuration.engine)
    for client in clients {
      for call in client.calls {
        let name = "client \(client.number) \(call.plan.open.method) \(call.stream)"
        judge(call, of: client, alone, name)
      }
    }
  }

  private func judge(
    _ call: VirtualClient.Call,
    of client: VirtualClient,
    _ alone: Alone,
    _ name: String
  ) {
    guard let end = call.end else {
      if !client.isGone { complain("\(name) has no END") }
      return
    }
    if !client.isGone, call.bill == nil { complain("\(name) has no BILL") }
    if let bill = call.bill, bill.status != end.status { complain("\(name) billed \(bill.status)") }
    let detail = end.detail
    tally[detail, default: 0] += 1
    guard !client.isHostile else { return }
    let answer = alone.answer(call.plan)
    let wanted = answer.map { End($0.outcome, worked: true) }
    if end.status == .ok {
      judgeSuccess(call, name, answer)
    } else if !allowed(detail, call, client) {
      if !isRefusedAlike(detail, wanted?.detail ?? "", call) {
        complain("\(name) ended \(detail), alone \(wanted?.detail ?? "nothing"): \(end.text)")
      }
    }
    if let bill = call.bill, let most = call.plan.open.macsMax, bill.macsTotal > most {
      complain("\(name) was billed \(bill.macsTotal) MACs of at most \(most)")
    }
    if let bill = call.bill, let most = call.plan.open.costMax, bill.costMicro > most {
      complain("\(name) was billed \(bill.costMicro) of at most \(most)")
    }
    guard !call.plan.isTimed(conditions) else { return }
    if let answer, wanted?.status == .ok, call.plan.isGreedy {
      let found = Likeness.difference(call.plan.open.method, call.messages, answer.messages)
      if let found { complain("\(name), \(detail): \(found)") }
      if end.status == .ok { compare(call, answer, name) }
    }
  }

  /// A Predict that is refused for two reasons hears the one that its pieces meet first.
  private func isRefusedAlike(
    _ detail: String,
    _ wanted: String,
    _ call: VirtualClient.Call
  ) -> Bool {
    let sizes = ["input_too_large", "context_too_long"]
    let isPredict = ["Predict", "ClassifyStream"].contains(call.plan.open.method)
    if isPredict, !call.plan.mistakes.isEmpty, detail == sizes[0] { return true }
    return detail == wanted || (isPredict && sizes.contains(detail) && sizes.contains(wanted))
  }

  private func judgeSuccess(_ call: VirtualClient.Call, _ name: String, _ answer: Alone.Answer?) {
    if call.isCancelled, call.messages.isEmpty { return }
    if let outcome = answer?.outcome, End(outcome, worked: true).status != .ok {
      complain("\(name) is OK, and alone it is \(outcome)")
    }
    let isBill = call.plan.open.method == "Usage.Bill"
    if !isBill, !call.plan.mistakes.isEmpty { complain("\(name) is OK in spite of its mistake") }
    if call.plan.task == nil, call.messages.count != 1 { complain("\(name) has no answer") }
  }

  /// The work on the bill hangs on the request alone.
  private func compare(_ call: VirtualClient.Call, _ answer: Alone.Answer, _ name: String) {
    guard let bill = call.bill, !call.isCancelled else { return }
    let tokens = call.messages.flatMap { $0.asArray ?? [] }.count
    let isWhole =
      call.plan.open.method == "Tokenize"
      ? tokens == Int(bill.tokensIn) : call.messages.count == answer.messages.count
    if !isWhole { complain("\(name) got \(call.messages.count) of \(answer.messages.count)") }
    let work = answer.bill.work
    // What others of the tenant had computed before it is the one difference, and to the last MAC.
    let reused = Int(bill.tokensReused)
    let macs = Int(bill.macsTotal) + TinyHouse.cost.causalRows(start: 0, count: reused)
    let layers = Int(bill.layersRun) + reused * TinyHouse.cost.layers
    // A budget that is spent does not wait for the rest of the input.
    let isCut = call.end?.metadata["finish"] == .string("budget")
    if macs != work.macsTotal || layers != work.layersRun
      || !isCut && bill.tokensIn != work.tokensIn || bill.tokensOut != work.tokensOut
    {
      complain(
        "\(name) billed \(bill.macsTotal) MACs, \(bill.layersRun) layers, \(bill.tokensIn) to \(bill.tokensOut) tokens, "
          + "and alone \(work.macsTotal), \(work.layersRun), \(work.tokensIn) to \(work.tokensOut)"
      )
    }
    guard reused == 0, let part = difference(bill, work) else { return }
    complain("\(name) billed other \(part) than alone")
  }

  /// What of the work is not the same on a bill, part by part and row by row.
  private func difference(_ bill: Wire.Bill, _ work: Work) -> String? {
    let macs: [(String, UInt64, Part)] = [
      ("attention", bill.macs.attention, .attention), ("experts", bill.macs.experts, .experts),
      ("routers", bill.macs.routers, .routers), ("exits", bill.macs.exits, .exits),
      ("head", bill.macs.head, .head),
    ]
    if let other = macs.first(where: { $0.1 != UInt64(work[$0.2]) }) { return other.0 }
    if bill.macsDense != UInt64(work.macsDense) { return "macs_dense" }
    if bill.expertsRun != UInt64(work.expertsRun) { return "experts_run" }
    if bill.layersHistogram != work.layersHistogram.map(UInt64.init) { return "layers" }
    return bill.expertsHistogram == work.expertsHistogram.map(UInt64.init) ? nil : "experts"
  }

  /// Ends that hang on who else is there, on time, and on what the client did.
  private func allowed(
    _ detail: String,
    _ call: VirtualClient.Call,
    _ client: VirtualClient
  ) -> Bool {
    let limits = conditions.configuration.limits
    switch detail {
    case "cancelled": return call.isCancelled || client.isGone
    case "deadline":
      let deadline = min(call.plan.open.deadline ?? limits.callTimeMax, limits.callTimeMax)
      return call.endedAt - call.opened >= deadline
    case "queue_full": return call.plan.task != nil || !call.plan.mistakes.isEmpty
    case "draining": return isDraining
    case "stalled":
      return ["Generate", "Predict", "ClassifyStream"].contains(call.plan.open.method)
    case "streams_max", "credit_overrun", "metadata_too_large": return client.isEager
    case "call_in_use": return call.plan.isReused || reuses(call.plan)
    case "idle_timeout", "hello_timeout", "slow_reader", "connections_max",
      "connection_credit_overrun", "ping_flood":
      return true
    default: return call.plan.mistakes.contains(detail)
    }
  }

  /// Whether another call has the id.
  private func reuses(_ plan: Plan) -> Bool {
    guard let id = plan.open.call else { return false }
    return clients.flatMap(\.calls).count { $0.plan.open.call == id } > 1
  }
}
