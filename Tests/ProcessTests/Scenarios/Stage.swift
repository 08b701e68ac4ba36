import MeteClient
import Wire

/// Where one scenario plays: its clients, its calls and what has come of them.
final class Stage {
  let daemon: ScenarioDaemon
  /// The kind of socket that is being tried, and the other one.
  private let (address, other): (Address, Address)
  var clients: [String: MeteClient] = [:]
  var calls: [String: Played] = [:]
  private var ids: [String: CallID] = [:]

  /// What says which call to make; the rest of a step is what is expected of it.
  static let callKeys: Set = [
    "call", "client", "method", "model", "params", "deadline_ms", "id", "metadata",
    "metadata_count", "effort", "macs_max", "cost_max", "messages", "times", "some",
  ]

  init(_ daemon: ScenarioDaemon, _ address: Address, other: Address) {
    self.daemon = daemon
    (self.address, self.other) = (address, other)
  }

  func play(_ scenario: Scenario) async throws {
    try await daemon.control("with", scenario.daemon)
    try await connect(["name": .string("main")])
    for step in scenario.steps {
      guard step.count == 1, let (verb, content) = step.first else { throw Surprise("\(step)") }
      do {
        try await play(verb, content)
      } catch {
        throw Surprise("\(verb) \(content): \(error)")
      }
    }
  }

  func end() async {
    for client in clients.values { await client.close() }
  }

  private func play(_ verb: String, _ content: Script) async throws {
    let step = content.object ?? [:]
    switch verb {
    case "client": try await connect(step)
    case "close": await clients.removeValue(forKey: content.string ?? "")?.close()
    case "control": try await daemon.control(content.string ?? "")
    case "open":
      let id = step["id"]?.string.map(id(named:))
      let call = try client(step).call(try text(step, "method"), options: try options(step))
      calls[try text(step, "call")] = Played(call, id: id)
    case "send": try await call(step).call?.send(try message(step))
    case "unsendable": try await refuseSending(step)
    case "feed":
      guard let call = try call(step).call else { return }
      let feeding = Feeding(try message(step), times: step["times"]?.int ?? 1, to: call)
      try self.call(step).feeding = feeding
    case "feeding": try must(call(content).feeding?.isDone == false, "nothing held the sender back")
    case "half_close": try call(content).call?.halfClose()
    case "cancel": try call(content).call?.cancel()
    case "read": try await read(step)
    case "finish":
      let played = try call(step)
      while await played.next() != nil {}
      try played.check(step.filter { $0.key != "call" }, calls)
    case "ask":
      let played = await ask(try request(step))
      try played.check(expectations(step), calls)
    case "parallel": try await parallel(step)
    default: try await playTyped(verb, step)
    }
  }

  private func connect(_ step: [String: Script]) async throws {
    var settings = ClientSettings()
    settings.connectTime = .seconds(30)
    if let attempts = step["attempts"]?.int {
      settings.retry = RetryPolicy(
        attemptsMax: attempts,
        base: .milliseconds(50),
        longest: .milliseconds(500)
      )
    }
    for (limit, value) in step["limits"]?.object ?? [:] {
      switch limit {
      case "stream_credit": settings.limits.streamCredit = value.int ?? 0
      case "connection_credit": settings.limits.connectionCredit = value.int ?? 0
      default: throw Surprise("a limit that this runner does not know: \(limit)")
      }
    }
    let place = step["over"]?.string == "other" ? other : address
    clients[try text(step, "name")] = try await MeteClient.connect(place, settings: settings)
  }

  private func read(_ step: [String: Script]) async throws {
    let played = try call(step)
    let wanted = try (step["messages"]?.array ?? []).map { try $0.value }
    for place in 0 ..< (step["count"]?.int ?? wanted.count) {
      guard let message = await played.next() else { throw Surprise("\(played.error as Any)") }
      try must(wanted.isEmpty || message == wanted[place], "\(message)")
      if let shape = step["like"] { try must(message.isLike(shape), "\(message)") }
    }
  }

  private func refuseSending(_ step: [String: Script]) async throws {
    let (call, message) = (try call(step).call, try message(step))
    do throws(MeteError) {
      try await call?.send(message)
    } catch {
      let details = ["frame_too_large", "message_after_half_close"]
      return try must(details.contains(error.detail), "\(error)")
    }
    throw Surprise("it was sent")
  }

  // MARK: What steps name

  func client(_ step: [String: Script]) throws -> MeteClient {
    guard let client = clients[step["client"]?.string ?? "main"] else {
      throw Surprise("no client")
    }
    return client
  }

  func call(_ name: Script?) throws -> Played {
    guard let played = calls[name?.string ?? ""] else { throw Surprise("no call \(name as Any)") }
    return played
  }

  private func call(_ step: [String: Script]) throws -> Played { try call(step["call"]) }

  func text(_ step: [String: Script], _ key: String) throws -> String {
    guard let text = step[key]?.string else { throw Surprise("no \(key)") }
    return text
  }

  func id(named name: String) -> CallID {
    let id = ids[name] ?? CallID()
    ids[name] = id
    return id
  }

  func expectations(_ step: [String: Script]) -> [String: Script] {
    step.filter { !Self.callKeys.contains($0.key) }
  }

  private func message(_ step: [String: Script]) throws -> Value {
    if let other = step["numbers_of"] { return .array(try call(other).numbers) }
    guard let message = step["message"] else { throw Surprise("no message") }
    return try message.value
  }
}
