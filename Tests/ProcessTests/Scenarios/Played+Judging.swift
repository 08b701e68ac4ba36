import MeteClient
import Wire

extension Played {
  /// Whether a call that is over went as a step expects.
  ///
  /// - Parameters:
  ///   - expect: the step, without the keys that say which call to make.
  ///   - others: the scenario's calls.
  /// - Throws: `Surprise` that says what is not so.
  func check(_ expect: [String: Script], _ others: [String: Played]) throws {
    for (key, wanted) in expect {
      switch (key, wanted) {
      case ("status", .int(let status)):
        try must(error?.status.rawValue == status, "status \(status), not \(told)")
      case ("detail", .string(let detail)): try must(error?.detail == detail, "\(detail): \(told)")
      case ("says", .string(let part)):
        try must(error?.text.contains(part) == true, "\(part): \(told)")
      case ("attempts", .int(let attempts)):
        try must(error?.attempts == attempts, "\(attempts) attempts: \(told)")
      case ("count", .int(let count)):
        try must(messages.count == count, "\(messages.count) messages")
      case ("like", _): try must(messages.allSatisfy { $0.isLike(wanted) }, "shape: \(messages)")
      case ("text", .string(let whole)): try must(text == whole, text)
      case ("begins", .string(let part)): try must(text.hasPrefix(part), text)
      case ("text_of", .string(let other)):
        try must(
          !text.isEmpty && text == others[other]?.text,
          "\(text) is not the text of \(other)"
        )
      case ("numbers_of", .string(let other)):
        try must(!numbers.isEmpty && numbers == others[other]?.numbers, "the numbers of \(other)")
      case ("metadata", .object(let entries)):
        for (key, value) in entries {
          try must(end?.metadata[key] == value.value, "metadata \(key): \(told)")
        }
      case ("bill", _): break
      default: throw Surprise("an expectation that this runner does not know: \(key)")
      }
    }
    if expect["status"] == nil { try must(error == nil, told) }
    try checkBill(expect["bill"] ?? .object([:]))
    if let bill { try must(bill.status == error?.status ?? .ok, "the bill's status: \(bill)") }
  }

  /// The bill adds up, is the call's, and says what is listed; it is there unless the step says otherwise.
  func checkBill(_ expected: Script) throws {
    if case .null = expected { return try must(bill == nil, "there is a bill: \(told)") }
    if expected.string == "any", bill == nil { return }
    guard let bill else { throw Surprise("no bill: \(told)") }
    try must(bill.macsTotal == bill.macs.total && !bill.tenant.isEmpty, "\(bill)")
    try must(bill.macsDense >= bill.macsTotal && bill.totalTime >= .zero, "\(bill)")
    try must(id == nil || bill.call == id, "the bill of another call: \(bill)")
    for (key, wanted) in expected.object ?? [:] {
      let found = bill.value[key]
      let isRight: Bool
      switch wanted {
      case .string(">0"): isRight = (found?.asDouble ?? 0) > 0
      case .string(let text): isRight = found?.asString == text
      case .array(let range):
        let number = found?.asDouble ?? .nan
        isRight = (range[0].number ?? .nan) <= number && number <= (range[1].number ?? .nan)
      default: isRight = found?.asDouble != nil && found?.asDouble == wanted.number
      }
      try must(isRight, "\(key) is \(found as Any), not \(wanted)")
    }
  }

  private var told: String { error.map { "\($0)" } ?? "OK, \(messages.count) messages" }
}

func must(_ claim: Bool, _ surprise: @autoclosure () -> String) throws {
  if !claim { throw Surprise(surprise()) }
}
