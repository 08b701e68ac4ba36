import Inference
import Wire

// Calls that need no engine: what is served, what a call cost, how we are.

extension Exchange {
  /// The answer to a call that the edge answers.
  func answer(_ call: Call) throws(WireError) -> Value {
    switch call.method {
    case .modelsList: .array(catalog.models.map(\.description))
    case .modelsDescribe: try describeModel(call)
    case .usageBill: try recallBill(call)
    case .healthCheck, .healthWatch: try health(call)
    case .reflectDescribe: reflection(limits: configuration.limits.wire)
    case .generate, .predict, .embed, .classify, .classifyStream, .tokenize, .reflectEcho, nil:
      preconditionFailure("\(call.open.method) is not answered at the edge")
    }
  }

  /// Judges a call that the edge answers when it is opened, so that nothing large waits for its end.
  func checkEdgeCall(_ call: Call, _ parameters: Parameters) throws(WireError) {
    if let deadline = call.open.deadline, deadline <= .zero {
      throw WireError(.deadline, "the deadline passed")
    }
    guard parameters.method == .usageBill else { return }
    guard let id = parameters.value("call")?.asBytes.flatMap(CallID.init) else {
      throw parameters.wrong("call")
    }
    call.wantedBill = id
  }

  /// How the server is, or its model that the call names.
  func health(_ call: Call) throws(WireError) -> Value {
    if let name = call.open.model, catalog[name] == nil { throw unknownModel(name) }
    return .map([Value.Entry("status", .string(isDraining ? "NOT_SERVING" : "SERVING"))])
  }

  private func unknownModel(_ name: String) -> WireError {
    WireError(.unknownModel, "there is no model \"\(excerpt(name))\"; see Models.List")
  }

  private func describeModel(_ call: Call) throws(WireError) -> Value {
    guard let name = call.open.model else {
      throw WireError(.badOption, "Models.Describe needs option \"model\"")
    }
    guard let entry = catalog[name] else { throw unknownModel(name) }
    guard case .map(let members) = entry.description else { return entry.description }
    let more = [
      payingShares[name].map { Value.Entry("experts_pay", Self.describe($0)) },
      checks[name].map { Value.Entry("checks", $0.description) },
      deadlines[name].map { Value.Entry("deadlines", $0.description) },
    ]
    return .map(members + more.compactMap { $0 })
  }

  private static func describe(_ shares: [PayingShare]) -> Value {
    .array(
      shares.map {
        .map([Value.Entry("rows", Value($0.rows)), Value.Entry("share", .float(Float($0.share)))])
      }
    )
  }

  private func recallBill(_ call: Call) throws(WireError) -> Value {
    guard let id = call.wantedBill, let bill = ledger.bill(id, of: call.tenant) else {
      throw WireError(
        .unknownCall,
        "no ended call \(call.wantedBill.map { "\($0)" } ?? "") of yours is remembered"
      )
    }
    return bill.value
  }
}
