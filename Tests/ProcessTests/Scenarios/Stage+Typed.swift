import MeteClient
import Wire

extension Stage {
  /// The steps that use a typed call of the client.
  func playTyped(_ verb: String, _ step: [String: Script]) async throws {
    let client = try client(step)
    switch verb {
    case "ask_bill": try await askBill(step)
    case "ping": try must(try await client.ping(within: .seconds(60)) > .zero, "no time passed")
    case "health":
      let health = try await client.health()
      try must(health.rawValue == text(step, "says"), "\(health)")
    case "models":
      let names = try await client.models().map(\.name)
      try must(names == step["names"]?.array?.compactMap(\.string), "\(names)")
    case "reflect":
      let methods = try await client.reflect()["methods"]?.asMap?.map(\.key) ?? []
      try must(
        Set(methods) == Set(step["methods"]?.array?.compactMap(\.string) ?? []),
        "\(methods)"
      )
    case "tokens":
      let options = CallOptions(model: try text(step, "model"))
      let ids = try await client.tokenize(.text(try text(step, "text")), options: options).value
      let wanted = try call(step["numbers_of"]).numbers
      try must(!ids.isEmpty && ids.map { Value($0) } == wanted, "\(ids)")
    case "vectors": try await embed(step, on: client)
    default: throw Surprise("a step that this runner does not know")
    }
  }

  private func embed(_ step: [String: Script], on client: MeteClient) async throws {
    let texts = step["texts"]?.array?.compactMap(\.string) ?? []
    let answer = try await client.embed(
      texts,
      options: CallOptions(model: try text(step, "model"))
    )
    let vectors = answer.value
    try must(vectors.count == texts.count && answer.bill.tokensOut == texts.count, "\(answer.bill)")
    try must(vectors.allSatisfy { $0.count == step["width"]?.int }, "the width")
    let pairs = vectors.indices.flatMap { later in (0 ..< later).map { [$0, later] } }
    let nearest = pairs.max { likeness(vectors, $0) < likeness(vectors, $1) }
    try must(nearest == step["nearest"]?.array?.compactMap(\.int), "\(nearest as Any)")
  }

  private func likeness(_ vectors: [[Float]], _ pair: [Int]) -> Float {
    zip(vectors[pair[0]], vectors[pair[1]]).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func askBill(_ step: [String: Script]) async throws {
    let id = id(named: try text(step, "id"))
    var found = await bill(of: id, step)
    // The bill of a connection that was closed is there when the daemon has heard of the end.
    let end = ContinuousClock.now + .seconds(60)
    while step["eventually"] != nil, found.error != nil, ContinuousClock.now < end {
      found = await bill(of: id, step)
    }
    if let detail = step["detail"]?.string {
      try must(found.error?.detail == detail, "\(found.error as Any)")
      try must(found.error?.status.rawValue == step["status"]?.int, "\(found.error as Any)")
    } else if let same = step["same_as"] {
      try must(found.bill != nil && found.bill == call(same).bill, "\(found.bill as Any)")
    } else {
      try found.checkBill(step["bill"] ?? .object([:]))
    }
  }

  private func bill(of id: CallID, _ step: [String: Script]) async -> Played {
    let played = Played(nil, id: id)
    do {
      played.bill = try await client(step).bill(of: id)
    } catch {
      played.error = error as? MeteError
    }
    return played
  }
}
