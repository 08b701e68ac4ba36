import Support

@testable import Wire

/// A client and a server that talk through two pipes which deliver whenever the seed says.
///
/// Both sides do whatever their interfaces allow: open, send, half-close, cancel, consume in parts, end early, ping. What one
/// sent is compared with what the other got, and the books of both are checked after every step.
struct Simulation {
  /// What one side knows about one stream.
  struct Ledger {
    var sent = 0
    var got = 0
    var held = 0
    var ends = 0
    var bills = 0
    var isCancelled = false
    var hasHalfClosed = false
  }

  var generator: SplitMix64
  var now: Duration = .zero
  var client: ClientConversation
  var server: Conversation
  var toServer: [UInt8] = []
  var toClient: [UInt8] = []
  var atClient: [StreamID: Ledger] = [:]
  var atServer: [StreamID: Ledger] = [:]
  /// Streams the server's application has to end, with what.
  var due: [StreamID: Detail] = [:]
  /// What was counted on the pipes: frames that reached the server, and frames that the server wrote.
  var counted: [StreamID: Traffic] = [:]
  var billed: [StreamID: Traffic] = [:]
  var complaints: [String] = []
  var pings = 0
  var pongs = 0
  private var lastPing: Duration = .zero
  private var inbound = FrameReader()

  init(seed: Int) {
    generator = SplitMix64(seed: UInt64(seed))
    var limits = Limits()
    limits.streamsMax = Int.random(in: 1 ... 6, using: &generator)
    limits.streamCredit = Int.random(in: 500 ... 4_000, using: &generator)
    limits.connectionCredit = Int.random(in: 500 ... 8_000, using: &generator)
    limits.outputBytesMax = Int.random(in: 500 ... 20_000, using: &generator)
    server = Conversation(software: "server", limits: limits, now: now)
    limits.streamCredit = Int.random(in: 500 ... 4_000, using: &generator)
    limits.connectionCredit = Int.random(in: 500 ... 8_000, using: &generator)
    client = ClientConversation(software: "client", limits: limits, now: now)
    settle()
  }

  /// One random thing happens.
  mutating func step() {
    switch Int.random(in: 0 ..< 12, using: &generator) {
    case 0: open()
    case 1, 2: clientSends()
    case 3: clientStops()
    case 4: consume(all: false)
    case 5, 6: serverSends()
    case 7: serverEnds(all: false)
    case 8: pass(.milliseconds(Int.random(in: 0 ... 700, using: &generator)))
    case 9: ping()
    default: deliver(all: false)
    }
    check()
  }

  /// Everything that is under way arrives, is consumed and given back.
  mutating func settle() {
    for _ in 0 ..< 6 {
      deliver(all: true)
      consume(all: true)
      pass(.seconds(1))
      deliver(all: true)
    }
    check()
  }

  /// The server ends whatever is open.
  mutating func finish() {
    settle()
    serverEnds(all: true)
    settle()
  }

  mutating func complain(_ text: String) { complaints.append(text) }

  private mutating func check() {
    client.checkInvariants()
    server.checkInvariants()
  }

  private mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0 ..< 100, using: &generator) < percent
  }

  private mutating func message(_ number: Int) -> Value {
    let size = chance(80) ? 60 : 400
    return [
      Value(number),
      .binary(randomBytes(Int.random(in: 0 ..< size, using: &generator), &generator)),
    ]
  }
}

// MARK: - The applications

extension Simulation {
  private mutating func open() {
    guard let stream = try? client.open(Open("Generate")) else { return }
    atClient[stream] = Ledger()
  }

  private mutating func ping() {
    // Fewer than the ten a second that are allowed, however delivery bunches them.
    guard pings - pongs < 3, now - lastPing > .milliseconds(300) else { return }
    lastPing = now
    pings += 1
    client.ping(token: UInt64(pings))
  }

  private mutating func clientSends() {
    guard let stream = client.openStreams.randomElement(using: &generator) else { return }
    let message = message(atClient[stream]?.sent ?? 0)
    let sendable = client.sendable(stream)
    switch client.send(message, on: stream) {
    case .sent(let bytes):
      atClient[stream]?.sent += 1
      if bytes > sendable { complain("sent \(bytes) of \(sendable)") }
    case .blocked: if sendable >= 500 { complain("blocked with \(sendable)") }
    case .tooLarge: complain("too large")
    case .closed: if sendable != 0 { complain("closed with \(sendable)") }
    }
  }

  private mutating func clientStops() {
    guard let stream = client.openStreams.randomElement(using: &generator) else { return }
    if chance(70) {
      client.halfClose(stream)
      atClient[stream]?.hasHalfClosed = true
    } else {
      client.cancel(stream)
      atClient[stream]?.isCancelled = true
      atClient[stream]?.held = 0
    }
  }

  private mutating func serverSends() {
    guard let stream = server.openStreams.randomElement(using: &generator) else { return }
    let message = message(atServer[stream]?.sent ?? 0)
    let sendable = server.sendable(stream)
    switch server.send(message, on: stream) {
    case .sent(let bytes):
      atServer[stream]?.sent += 1
      if bytes > sendable { complain("sent \(bytes) of \(sendable)") }
    case .blocked: if sendable >= 500 { complain("blocked with \(sendable)") }
    case .tooLarge: complain("too large")
    case .closed: if due[stream] == nil { complain("closed without a reason") }
    }
  }

  private mutating func serverEnds(all: Bool) {
    for stream in server.openStreams where all || due[stream] != nil || chance(15) {
      let traffic = server.end(stream, End(due[stream] ?? .ok))
      flush()
      billed[stream] = traffic
      if traffic != counted[stream] {
        complain(
          "stream \(stream): \(traffic) billed, \(String(describing: counted[stream])) counted"
        )
      }
      server.bill(stream, Bill(call: CallID(using: &generator)))
      atServer[stream]?.held = 0
      due[stream] = nil
    }
  }

  private mutating func consume(all: Bool) {
    for stream in atServer.keys.sorted() {
      let held = atServer[stream]?.held ?? 0
      let bytes = all ? held : Int.random(in: 0 ... held, using: &generator)
      atServer[stream]?.held -= bytes
      server.consumed(bytes, on: stream)
    }
    for stream in atClient.keys.sorted() {
      let held = atClient[stream]?.held ?? 0
      let bytes = all ? held : Int.random(in: 0 ... held, using: &generator)
      atClient[stream]?.held -= bytes
      client.consumed(bytes, on: stream)
    }
  }

  private mutating func pass(_ time: Duration) {
    now += time
    take(server.tick(now: now))
    take(client.tick(now: now))
  }
}

// MARK: - The pipes

extension Simulation {
  private mutating func flush() {
    let output = server.takeOutput()
    if let frames = try? frames(in: output) {
      for frame in frames where frame.stream != 0 {
        if case .bill = frame { continue }
        counted[frame.stream, default: Traffic()].bytesOut += frame.encoded.count
      }
    } else {
      complain("the server wrote half a frame")
    }
    toClient += output
    toServer += client.takeOutput()
  }

  private mutating func deliver(all: Bool) {
    flush()
    let some = all ? toServer.count : Int.random(in: 0 ... toServer.count, using: &generator)
    let bytes = Array(toServer.prefix(some))
    toServer.removeFirst(some)
    for piece in pieces(of: bytes, using: &generator) {
      count(piece)
      take(server.receive(piece, now: now))
    }
    let others = all ? toClient.count : Int.random(in: 0 ... toClient.count, using: &generator)
    let back = Array(toClient.prefix(others))
    toClient.removeFirst(others)
    for piece in pieces(of: back, using: &generator) { take(client.receive(piece, now: now)) }
    take(server.outputPressure(toClient.count))
    take(client.outputPressure(toServer.count))
    flush()
  }

  private mutating func count(_ piece: [UInt8]) {
    var rest = piece[...]
    while let body = try? inbound.next(from: &rest), let frame = try? Frame(decoding: body) {
      // What comes after END is not on the bill.
      guard frame.stream != 0, billed[frame.stream] == nil else { continue }
      counted[frame.stream, default: Traffic()].bytesIn += body.count + 4
    }
  }

  private mutating func take(_ events: [Conversation.Event]) {
    for event in events {
      switch event {
      case .opened(let stream, _): atServer[stream] = Ledger()
      case .message(let stream, let message, let bytes):
        if message.asArray?.first != Value(atServer[stream]?.got ?? -1) { complain("order") }
        atServer[stream]?.got += 1
        atServer[stream]?.held += bytes
      case .halfClosed(let stream): atServer[stream]?.hasHalfClosed = true
      case .cancelled(let stream):
        atServer[stream]?.isCancelled = true
        due[stream] = .cancelled
      case .greeted, .creditArrived: break
      case .refused, .violated, .peerGoingAway, .failed: complain("\(event)")
      }
    }
  }

  private mutating func take(_ events: [ClientConversation.Event]) {
    for event in events {
      switch event {
      case .message(let stream, let message, let bytes):
        if message.asArray?.first != Value(atClient[stream]?.got ?? -1) { complain("order") }
        if atClient[stream]?.ends != 0 { complain("a message after END") }
        atClient[stream]?.got += 1
        atClient[stream]?.held += bytes
      case .ended(let stream, _):
        atClient[stream]?.ends += 1
        atClient[stream]?.held = 0
      case .billed(let stream, _):
        atClient[stream]?.bills += 1
        if atClient[stream]?.ends != 1 { complain("a bill without an end") }
      case .pong: pongs += 1
      case .greeted, .creditArrived: break
      case .goAway, .failed: complain("\(event)")
      }
    }
  }
}
