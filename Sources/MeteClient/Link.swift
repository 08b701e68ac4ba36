import Loop
import Wire

/// The loop thread's half of a client: its connections, and what its calls wait for.
///
/// One connection takes new calls; others may still be there whose server takes no more and whose last calls run on.
final class Link {
  let loop: EventLoop
  let settings: ClientSettings
  var calls: [CallKey: CallState] = [:]
  /// The calls that wait for a connection, or for one of its streams to become free.
  var waiting: Set<CallKey> = []
  /// The connection for new calls; its server may not have greeted yet.
  private(set) var current: Peer?
  private(set) var isClosing = false
  /// The waits of connecting and of calls alike.
  var backoff: Backoff
  /// Why there is no connection; nil while nothing has gone wrong.
  private(set) var trouble: MeteError?
  /// Before this no other attempt to connect is made.
  private(set) var dialAt: Duration = .zero

  /// Every connection whose socket is not quite closed, and `current`.
  private var peers: [ObjectIdentifier: Peer] = [:]
  private var address: Address?
  private var greeting: Reply<Void>?
  /// Attempts to connect that have failed in a row.
  private var failures = 0
  private var dialer: Timer?
  private var closing: [Reply<Void>] = []

  init(on loop: EventLoop, _ settings: ClientSettings) {
    self.loop = loop
    self.settings = settings
    backoff = Backoff(settings.retry)
  }

  /// Does what the tasks have asked since the last turn.
  func take(_ commands: [Command]) {
    for command in commands {
      switch command {
      case .connect(let address, let reply): connect(to: address, reply)
      case .ping(let reply, let limit): ping(reply, within: limit)
      case .close(let reply): close(reply)
      default: takeForCall(command)
      }
    }
    flush()
  }

  /// Writes what has gathered on every connection.
  func flush() {
    for peer in peers.values { peer.flush() }
  }

  /// Ends everything after the loop has stopped, and answers those who came too late.
  func finish(refusing late: [Command]) {
    endAll()
    for command in late { command.refuse(closedError) }
    loop.close()
    for reply in closing { reply.succeed(()) }
  }

  var closedError: MeteError {
    MeteError(.cancelled, detail: MeteError.Local.clientClosed, text: "the client was closed")
  }

  // MARK: Connecting

  private func connect(to address: Address, _ reply: Reply<Void>) {
    // A task that was cancelled before it began has closed already.
    if isClosing { return reply.fail(closedError) }
    self.address = address
    greeting = reply
    dial()
  }

  /// Makes a connection if there is none, when the wait since the last failure is over.
  func dial() {
    guard current == nil, dialer == nil, !isClosing, let address else { return }
    let wait = dialAt - loop.now
    guard wait <= .zero else {
      dialer = Timer.once(on: loop, after: wait) { [weak self] in
        self?.dialer = nil
        if self?.waiting.isEmpty == false { self?.dial() }
      }
      return
    }
    let peer = Peer(of: self)
    current = peer
    peers[ObjectIdentifier(peer)] = peer
    peer.connect(to: address)
  }

  private func dialFailed(_ error: MeteError) {
    let error = MeteError(error.status, detail: MeteError.Local.connectFailed, text: error.text)
    trouble = error
    failures += 1
    dialAt = loop.now + backoff.wait(after: failures)
    greeting?.fail(error)
    greeting = nil
    let left = waiting
    waiting = []
    for key in left.sorted() { fail(key, .noConnection, error) }
  }

  // MARK: What a connection tells

  /// The server has said HELLO: the calls that waited begin.
  func greeted(_ peer: Peer) {
    failures = 0
    dialAt = .zero
    trouble = nil
    greeting?.succeed(())
    greeting = nil
    placeWaiting(on: peer)
  }

  /// Begins calls that waited, in their order, as far as the server takes more at once.
  func placeWaiting(on peer: Peer) {
    guard current === peer, peer.isGreeted, peer.hasRoom, !waiting.isEmpty else { return }
    for key in waiting.sorted() {
      guard current === peer, peer.hasRoom else { break }
      if waiting.remove(key) != nil { place(key, on: peer) }
    }
  }

  /// The server takes no more calls there: the next one goes to a new connection.
  func goingAway(_ peer: Peer, _ text: String) {
    if current === peer { current = nil }
    for (stream, key) in peer.keys.sorted(by: { $0.key < $1.key }) where !peer.took(stream) {
      // Without another attempt it waits for the server's END and bill.
      guard calls[key]?.attempts.mayFollow(.neverTaken) == true else { continue }
      fail(key, .neverTaken, .neverTaken(text))
    }
    if !waiting.isEmpty { dial() }
  }

  /// Nothing can be asked there any more.
  func lost(_ peer: Peer, _ error: MeteError) {
    let wasCurrent = current === peer
    if wasCurrent { current = nil }
    if !peer.hasSocket { peers[ObjectIdentifier(peer)] = nil }
    for (stream, key) in peer.keys.sorted(by: { $0.key < $1.key }) {
      if isClosing || peer.took(stream) {
        fail(key, .lost, error)
      } else {
        fail(key, .neverTaken, .neverTaken(error.text))
      }
    }
    guard wasCurrent else { return }
    guard peer.isGreeted else { return dialFailed(error) }
    trouble = error
    if !waiting.isEmpty { dial() }
  }

  /// The socket is closed.
  func gone(_ peer: Peer) {
    peers[ObjectIdentifier(peer)] = nil
    if isClosing, peers.isEmpty { loop.stop() }
  }

  // MARK: Closing

  private func close(_ reply: Reply<Void>?) {
    if let reply { closing.append(reply) }
    guard !isClosing else { return }
    endAll()
    if peers.isEmpty { loop.stop() }
  }

  private func endAll() {
    isClosing = true
    dialer?.close()
    dialer = nil
    for key in calls.keys.sorted() { settle(key, .failure(closedError)) }
    for peer in peers.values { peer.leave("the client was closed", closedError) }
  }

  private func ping(_ reply: Reply<Duration>, within limit: Duration) {
    if isClosing { return reply.fail(closedError) }
    guard let current, current.isGreeted else {
      return reply.fail(trouble ?? .lost("the server is going away"))
    }
    current.ping(reply, within: limit)
  }
}
