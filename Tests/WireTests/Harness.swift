@testable import Wire

/// Runs one vector's steps against the conversation of its role, as clients/conformance/README.md describes it.
struct Harness {
  private enum Side {
    case server(Conversation)
    case client(ClientConversation)
  }

  private var side: Side
  private var now: Duration = .zero
  /// Whether `receive` steps arrive one byte at a time.
  private let isDripping: Bool

  /// What came of the steps since `reset`.
  private(set) var written: [Frame] = []
  private(set) var eventCount = 0
  private(set) var failed: [StreamID] = []
  /// What came of the last byte or step alone.
  private(set) var lastWasSilent = true
  private(set) var failure: Detail?

  init(_ vector: Vector, isDripping: Bool) throws {
    var limits = Limits()
    let entries = (vector.limits?.object ?? [:]).map {
      Value.Entry($0.key, Value($0.value.number ?? 0))
    }
    for entry in entries { limits.set(entry.key, entry.value.asInt ?? 0) }
    self.isDripping = isDripping
    side =
      vector.role == "server"
      ? .server(Conversation(software: "test", limits: limits, now: now))
      : .client(ClientConversation(software: "test", limits: limits, now: now))
    takeHello()
  }

  mutating func reset() {
    written = []
    eventCount = 0
    failed = []
  }

  mutating func run(_ step: JSON) throws {
    guard let (verb, content) = step.object?.first else { preconditionFailure("\(step)") }
    if verb == "receive" {
      let bytes = hex(content.string ?? "")
      for piece in isDripping ? bytes.map({ [$0] }) : [bytes] { try receive(piece) }
      return
    }
    let before = eventCount
    let stream = content["stream"]?.number ?? content.number ?? 0
    switch (verb, side) {
    case ("at_ms", _):
      now = .milliseconds(content.number ?? 0)
      try tick()
    case ("open", .client(var client)):
      let opened = try client.open(Open(content["method"]?.string ?? ""))
      precondition(opened == stream, "opened \(opened)")
      side = .client(client)
    case ("half_close", .client(var client)):
      client.halfClose(stream)
      side = .client(client)
    case ("cancel", .client(var client)):
      client.cancel(stream)
      side = .client(client)
    case ("send", _): send(untagged(content["message"] ?? .null), on: stream)
    case ("end", .server(var server)):
      server.end(stream, End(Detail(rawValue: content["detail"]?.string ?? "") ?? .internal))
      server.bill(stream, Bill(call: CallID()))
      side = .server(server)
    default: preconditionFailure("\(verb) is no step of this role")
    }
    try collect()
    lastWasSilent = eventCount == before
  }

  private mutating func send(_ message: Value, on stream: StreamID) {
    switch side {
    case .server(var server):
      _ = server.send(message, on: stream)
      side = .server(server)
    case .client(var client):
      _ = client.send(message, on: stream)
      side = .client(client)
    }
  }

  private mutating func tick() throws {
    switch side {
    case .server(var server):
      let events = server.tick(now: now)
      side = .server(server)
      answer(events)
    case .client(var client):
      let events = client.tick(now: now)
      side = .client(client)
      note(events)
    }
  }

  private mutating func receive(_ bytes: [UInt8]) throws {
    let before = (eventCount, written.count)
    switch side {
    case .server(var server):
      let events = server.receive(bytes, now: now)
      side = .server(server)
      answer(events)
    case .client(var client):
      let wasFailed = client.isFailed
      let events = client.receive(bytes, now: now)
      side = .client(client)
      note(events)
      if client.isFailed, !wasFailed { failed += client.openStreams }
    }
    try collect()
    let new = written[before.1...].filter { if case .credit = $0 { false } else { true } }
    lastWasSilent = eventCount == before.0 && new.isEmpty
  }

  /// The application of a server: it ends and bills whatever must be ended, and does nothing else.
  private mutating func answer(_ events: [Conversation.Event]) {
    guard case .server(var server) = side else { return }
    eventCount += events.count
    func end(_ stream: StreamID, _ detail: Detail, _ text: String) {
      server.end(stream, End(detail, text: text))
      server.bill(stream, Bill(call: CallID()))
    }
    for event in events {
      switch event {
      case .refused(let stream, _, let detail, let text),
        .violated(let stream, let detail, let text):
        end(stream, detail, text)
      case .cancelled(let stream): end(stream, .cancelled, "")
      case .failed(let detail, let text):
        failure = detail
        for stream in server.openStreams { end(stream, detail, text) }
      default: break
      }
    }
    server.checkInvariants()
    side = .server(server)
  }

  private mutating func note(_ events: [ClientConversation.Event]) {
    eventCount += events.count
    for event in events {
      switch event {
      case .failed(let detail, _): failure = detail
      case .ended(let stream, let end): if end.status != .ok { failed.append(stream) }
      default: break
      }
    }
  }

  /// Our own HELLO is not looked at: a vector may have limits that no HELLO may say.
  private mutating func takeHello() {
    switch side {
    case .server(var server):
      _ = server.takeOutput()
      side = .server(server)
    case .client(var client):
      _ = client.takeOutput()
      side = .client(client)
    }
  }

  private mutating func collect() throws {
    switch side {
    case .server(var server):
      written += try frames(in: server.takeOutput())
      _ = server.outputPressure(0)
      server.checkInvariants()
      side = .server(server)
    case .client(var client):
      written += try frames(in: client.takeOutput())
      _ = client.outputPressure(0)
      client.checkInvariants()
      side = .client(client)
    }
  }

  var openStreams: [StreamID] {
    switch side {
    case .server(let server): server.openStreams
    case .client(let client): client.isFailed ? [] : client.openStreams
    }
  }

  /// Bytes of DATA that a window allows; 0 names the connection's.
  func credit(_ stream: StreamID) -> Int? {
    switch side {
    case .server(let server):
      stream == 0 ? server.line.send.left : server.streams[stream]?.send.left
    case .client(let client):
      stream == 0 ? client.line.send.left : client.streams[stream]?.send.left
    }
  }
}

extension Limits {
  /// Sets a limit by its name on the wire; a test may go below what a peer may say.
  mutating func set(_ key: String, _ count: Int) {
    switch key {
    case "frame_bytes_max": frameBytesMax = count
    case "streams_max": streamsMax = count
    case "stream_credit": streamCredit = count
    case "connection_credit": connectionCredit = count
    case "metadata_bytes_max": metadataBytesMax = count
    case "metadata_count_max": metadataCountMax = count
    case "depth_max": depthMax = count
    case "items_max": itemsMax = count
    case "pings_max": pingsMax = count
    case "ping_strikes_max": pingStrikesMax = count
    case "resets_max": resetsMax = count
    case "idle_ms": idle = .milliseconds(count)
    case "control_bytes_max": controlBytesMax = count
    default: preconditionFailure("no limit \(key)")
    }
  }
}
