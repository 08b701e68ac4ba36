import Glibc
import Loop
import Synchronization
import Wire

/// A real server on a real socket whose methods are scripts: the real conversation without an engine.
///
/// - `Echo` sends every message back, and takes credit back only when the echo has left.
/// - `Count` sends `count` numbered messages of `bytes` bytes.
/// - `Hang` waits for CANCEL; with `enforced` it ends at the deadline by itself.
/// - `Deaf` never answers anything.
/// - `Fail` ends at once with `bad_option`; `Early` ends at once with OK; `NoBill` ends without a bill.
/// - `Options` answers with the options it was opened with.
/// - `Garbage` breaks the protocol.
/// - Every other method is in `answers`: a fixed list of messages per message taken, or at half-close.
final class ScriptedServer: Sendable {
  let address: Address
  /// What happened, for tests that must wait for it.
  let events = Happenings()
  let books = Mutex(Books())
  /// What becomes of the next calls, whatever their method; after these the scripts go on.
  let plan = Mutex<[Step]>([])
  private let mailbox: Mailbox<Order>
  private let thread: WorkerThread
  private let folder: String

  enum Event: Sendable, Equatable {
    case opened(String), cancelled(String), refused, closed, shut, listening
  }

  enum Order: Sendable {
    case stop, kill, goAway
    /// Close the listener and every connection; listen again on the same path.
    case shut, listen
    /// Accept and say nothing.
    case mute
  }

  /// What becomes of one call.
  enum Step: Sendable {
    case refuse(Detail, macs: UInt64 = 0, after: Value? = nil)
    /// GOAWAY that does not take this call.
    case leave
    /// The connection is cut.
    case cut
  }

  /// What the server has counted.
  struct Books {
    var opens = 0
    var bills = 0
    var messages = 0
    var dataBytes = 0
    var asked: [Open] = []
    var answered: [CallID?] = []
  }

  /// Answers of a method to one message (nil at half-close).
  typealias Answers = @Sendable (Value?) -> [Value]

  init(
    limits: Limits = Limits(),
    tcp: Bool = false,
    answers: [String: Answers] = [:]
  ) throws {
    var template = Array("/tmp/mete-client-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw WireError(.internal, "no folder") }
    let folder = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) },
      as: UTF8.self
    )
    self.folder = folder
    let wanted = tcp ? Address.tcp(host: "127.0.0.1", port: 0) : .unix(path: "\(folder)/s")
    let started = WorkQueue<(Address, Mailbox<Order>)>(offersMax: 1)
    let ready = WorkQueue<ScriptedServer>(offersMax: 1)
    thread = WorkerThread(named: "scripted") {
      guard let loop = try? EventLoop() else { return started.close() }
      let house = ScriptedHouse(loop, limits, answers)
      guard let mailbox = try? Mailbox<Order>(on: loop, { house.take($0) }),
        let listener = try? Listener(wanted, on: loop, onConnection: { house.accept($0) })
      else { return started.close() }
      house.listener = listener
      started.post((listener.address, mailbox))
      // The scripts write the server's books, so they begin when it exists.
      guard let server = ready.take(waiting: true).first else { return }
      house.server = server
      loop.run()
      house.server = nil
      loop.close()
    }
    guard let (address, mailbox) = started.take(waiting: true).first else {
      throw WireError(.internal, "the scripted server did not start")
    }
    self.address = address
    self.mailbox = mailbox
    ready.post(self)
  }

  func order(_ order: Order) { mailbox.post(order) }

  /// Ends the thread; every test calls it.
  func stop() {
    mailbox.post(.stop)
    thread.join()
    rmdir(folder)
  }

  /// Waits until something has happened; what happened before it is forgotten.
  func wait(for event: Event) async { await events.wait(for: event) }
}

/// Everything that lives on the server's thread.
final class ScriptedHouse {
  let loop: EventLoop
  let limits: Limits
  let answers: [String: ScriptedServer.Answers]
  weak var server: ScriptedServer?
  var listener: Listener?
  private var isMute = false
  private var peers: [ObjectIdentifier: ScriptedPeer] = [:]

  init(_ loop: EventLoop, _ limits: Limits, _ answers: [String: ScriptedServer.Answers]) {
    self.loop = loop
    self.limits = limits
    self.answers = answers
  }

  func accept(_ connection: Connection) {
    if isMute { return }
    let peer = ScriptedPeer(connection, in: self)
    peers[ObjectIdentifier(connection)] = peer
    connection.onClose = { [self] in
      peers[ObjectIdentifier(connection)] = nil
      server?.events.post(.closed)
    }
  }

  func take(_ orders: [ScriptedServer.Order]) {
    for order in orders {
      switch order {
      case .stop: loop.stop()
      case .kill: for peer in peers.values { peer.connection.close() }
      case .goAway: for peer in peers.values { peer.goAway() }
      case .shut:
        listener?.close()
        for peer in peers.values { peer.connection.close() }
        server?.events.post(.shut)
      case .listen:
        guard let address = server?.address else { continue }
        listener = try? Listener(address, on: loop, onConnection: { self.accept($0) })
        server?.events.post(.listening)
      case .mute: isMute = true
      }
    }
  }
}
