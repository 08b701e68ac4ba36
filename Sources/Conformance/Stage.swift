import Loop
import Wire

/// What a case is given: a server to ask, and what is known of it.
final class Stage {
  let address: Address
  let settings: Settings
  let server: Knowledge
  private let loop: EventLoop
  private var probes: [Probe] = []

  init(_ address: Address, _ settings: Settings, _ server: Knowledge, on loop: EventLoop) {
    self.address = address
    self.settings = settings
    self.server = server
    self.loop = loop
  }

  /// Connects without a word.
  func connectSilently(to other: Address? = nil) throws -> Probe {
    let probe = Probe(on: loop, patience: settings.patience)
    probes.append(probe)
    try probe.connect(to: other ?? address)
    return probe
  }

  /// Connects and greets.
  func connect(_ limits: Limits = Limits(), to other: Address? = nil) throws -> Probe {
    let probe = try connectSilently(to: other)
    probe.send(.hello(Hello(software: "conformance", limits: limits)))
    return probe
  }

  /// Ends all connections; fails if the server broke a rule on one of them.
  func leave() throws {
    for probe in probes { probe.vanish() }
    for probe in probes { try probe.judge() }
  }

  /// Drops all connections.
  func abandon() {
    for probe in probes { probe.vanish() }
  }

  /// Waits for what only the server's own times bring.
  func slowly() throws -> Duration {
    guard let patience = settings.slowPatience else {
      throw Skip("waits for times of the server's own; --slow asks for it")
    }
    return patience
  }
}

extension Stage {
  /// Makes one call on a connection of its own and requires how it ends, and that the connection lives on.
  @discardableResult
  func call(
    _ method: String,
    _ options: Value = [:],
    metadata: Value = [:],
    _ messages: [Value] = [],
    ends word: String,
    naming name: String? = nil
  ) throws -> Answer {
    let probe = try connect()
    let answer = try probe.ask(method, options, metadata: metadata, messages).ended(word)
    if let name {
      let text = answer.end?.text ?? ""
      try require(text.contains(name), "the text is to name \(name), and says \"\(text)\" (§2)")
    }
    try probe.settle()
    return answer
  }

  /// Sends bytes that the connection must not survive, with a stream open.
  func breaks(_ bytes: [UInt8], as word: String) throws {
    let probe = try connect()
    let held = probe.open("Health.Check", closes: false)
    try probe.settle()
    probe.write(bytes)
    // What comes after the bad frame is not read.
    probe.send(.ping(ack: false, token: 99))
    try probe.failed(word, last: held)
    try require(!probe.pongs.contains(99), "what comes after the bad frame is not read (§2)")
    try probe.answers[held]?.ended(word)
    try require(
      probe.answers[held]?.endedAfterGoAway == true,
      "a connection error ends open streams after GOAWAY (§2)"
    )
  }

  /// Sends bytes, as the first of a connection, that it must not survive.
  func breaksAtOnce(_ bytes: [UInt8], as word: String) throws {
    let probe = try connectSilently()
    probe.write(bytes)
    try probe.failed(word, last: 0)
  }

  /// Sends bytes to which nothing may be said, with a stream open, and one that has ended as stream 1.
  func ignores(_ frames: (_ ended: StreamID, _ held: StreamID) -> [UInt8]) throws {
    let probe = try connect()
    let ended = probe.open("Health.Check")
    try probe.finished(ended)
    let held = probe.open("Health.Check", closes: false)
    try probe.settle()
    let before = probe.arrivals.count
    probe.write(frames(ended, held))
    try probe.settle()
    let said = probe.arrivals.dropFirst(before).filter {
      if case .credit(0, _) = $0 { false } else { !$0.isAnswerToPing }
    }
    try require(said.isEmpty, "nothing is owed, came \(said.map { "\($0)" }.joined().prefix(120))")
    probe.send(.halfClose(held))
    try probe.finished(held).ended("ok")
  }
}

extension Frame {
  var isAnswerToPing: Bool { if case .ping(ack: true, _) = self { true } else { false } }
}
