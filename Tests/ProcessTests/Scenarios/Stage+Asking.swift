import MeteClient
import Wire

extension Stage {
  /// A whole call that is yet to be made.
  struct Request: Sendable {
    let client: MeteClient
    let method: String
    let messages: [Value]
    let options: CallOptions
    let id: CallID?
  }

  /// What a whole call came to.
  struct Answer: Sendable {
    let result: Result<Billed<[Value]>, MeteError>
    let id: CallID?

    init(_ request: Request) async {
      id = request.id
      do throws(MeteError) {
        result = .success(
          try await request.client.ask(
            request.method,
            sending: request.messages,
            options: request.options
          )
        )
      } catch {
        result = .failure(error)
      }
    }

    var played: Played {
      let played = Played(nil, id: id)
      switch result {
      case .success(let answer): (played.messages, played.bill) = (answer.value, answer.bill)
      case .failure(let error): (played.error, played.bill) = (error, error.bill)
      }
      return played
    }
  }

  func options(_ step: [String: Script]) throws -> CallOptions {
    var options = CallOptions()
    options.model = step["model"]?.string
    options.deadline = step["deadline_ms"]?.int.map { .milliseconds($0) }
    options.effort = step["effort"]?.number ?? 1
    options.macsMax = step["macs_max"]?.int.map(UInt64.init)
    options.costMax = step["cost_max"]?.int.map(UInt64.init)
    options.callID = step["id"]?.string.map(id(named:))
    options.params = try (step["params"]?.object ?? [:]).map {
      Value.Entry($0.key, try $0.value.value)
    }
    var metadata = try (step["metadata"]?.object ?? [:]).map {
      Value.Entry($0.key, try $0.value.value)
    }
    metadata += (0 ..< (step["metadata_count"]?.int ?? 0)).map { Value.Entry("key-\($0)", "x") }
    options.metadata = try Metadata(checking: metadata)
    return options
  }

  func request(_ step: [String: Script]) throws -> Request {
    Request(
      client: try client(step),
      method: try text(step, "method"),
      messages: try (step["messages"]?.array ?? []).map { try $0.value },
      options: try options(step),
      id: step["id"]?.string.map(id(named:))
    )
  }

  func ask(_ request: Request) async -> Played { await Answer(request).played }

  /// Many whole calls at once; of some a refusal is expected, which costs nothing.
  func parallel(_ step: [String: Script]) async throws {
    let request = try request(step)
    let times = step["times"]?.int ?? 1
    let answers = await withTaskGroup(of: Answer.self) { group in
      for _ in 0 ..< times { group.addTask { await Answer(request) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let some = step["some"]?.string
    var refused = 0
    for answer in answers {
      let played = answer.played
      if let some, played.error != nil {
        refused += 1
        let free: Script = .object(["macs_total": .int(0), "tokens_out": .int(0)])
        try must(played.error?.attempts == 1, "it was tried again")
        try must(played.error?.detail == some, "\(played.error as Any)")
        try played.checkBill(free)
      } else {
        try played.check(expectations(step), calls)
      }
    }
    try must(answers.count == times && refused < times, "\(refused) of \(answers.count) refused")
    try must((refused > 0) == (some != nil), "\(refused) were refused")
  }
}
