import Loop
import Support
import Wire

/// Stands between clients and a daemon, and does to their frames what a fault says.
final class FaultyServer {
  let address: Address
  private let thread: WorkerThread
  private let stopper: Mailbox<Bool>

  private struct StartError: Error { let reason: String }

  private enum Beginning: Sendable {
    case ready(Address, Mailbox<Bool>)
    case failed(String)
  }

  init(before daemon: Address, _ fault: Fault) throws {
    let beginnings = WorkQueue<Beginning>(offersMax: 1)
    thread = WorkerThread(named: "faulty") {
      do {
        let loop = try EventLoop()
        let stopper = try Mailbox<Bool>(on: loop) { [unowned loop] _ in loop.stop() }
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop) {
          [unowned loop] client in
          Middleman(client, fault).begin(to: daemon, on: loop)
        }
        beginnings.post(.ready(listener.address, stopper))
        loop.run()
        loop.close()
      } catch {
        beginnings.post(.failed("\(error)"))
      }
    }
    switch beginnings.take(waiting: true).first {
    case .ready(let address, let stopper):
      self.address = address
      self.stopper = stopper
    case .failed(let reason): throw StartError(reason: reason)
    case nil: throw StartError(reason: "the thread ended")
    }
  }

  func stop() {
    stopper.post(true)
    thread.join()
  }
}

/// One client's connection and the one to the daemon that belongs to it.
private final class Middleman {
  private let client: Connection
  private var server: Connection?
  private let fault: Fault
  private var memory = Fault.Memory()
  private var fromClient = Splitter()
  private var fromServer = Splitter()
  private var early: [UInt8] = []
  private var isClientGone = false

  init(_ client: Connection, _ fault: Fault) {
    self.client = client
    self.fault = fault
  }

  func begin(to daemon: Address, on loop: EventLoop) {
    client.onBytes = { [self] bytes in send(fromClient.frames(bytes).flatMap(takeFromClient)) }
    client.onEnd = { [self] _ in
      isClientGone = true
      send(fromClient.rest)
      server?.halfClose()
    }
    client.onClose = { [self] in server?.close() }
    Connection.connect(to: daemon, on: loop) { [self] result in
      guard case .success(let opened) = result else { return client.close() }
      server = opened
      opened.onBytes = { [self] bytes in
        client.write(fromServer.frames(bytes).flatMap(takeFromServer))
      }
      opened.onEnd = { [self] _ in client.finish(within: .seconds(5)) }
      send([])
      if isClientGone { opened.halfClose() }
    }
  }

  private func send(_ bytes: [UInt8]) {
    guard let server else { return early += bytes }
    server.write(early + bytes)
    early = []
  }

  private func takeFromClient(_ bytes: [UInt8]) -> [UInt8] {
    guard let frame = try? Frame(decoding: bytes.dropFirst(4)) else { return bytes }
    let given = fault.toServer(frame, &memory)?.flatMap { $0 } ?? bytes
    switch frame {
    case .hello: memory.hasGreeted = true
    case .open(let stream, let open):
      if stream > memory.highest {
        memory.methods[stream] = open.method
        memory.opens[stream] = open
      }
      memory.open.insert(stream)
      memory.highest = max(memory.highest, stream)
    case .halfClose(let stream): memory.halfClosed.insert(stream)
    default: break
    }
    return given
  }

  private func takeFromServer(_ bytes: [UInt8]) -> [UInt8] {
    guard let frame = try? Frame(decoding: bytes.dropFirst(4)) else { return bytes }
    let given = fault.toClient(frame, &memory)?.flatMap { $0 } ?? bytes
    if case .end(let stream, _) = frame { memory.open.remove(stream) }
    return given
  }
}

/// Cuts bytes into frames with their prefixes; what is no frame passes as it is.
private struct Splitter {
  private(set) var rest: [UInt8] = []
  private var isLost = false

  mutating func frames(_ bytes: [UInt8]) -> [[UInt8]] {
    rest += bytes
    var frames: [[UInt8]] = []
    var start = 0
    while !isLost, rest.count - start >= 4 {
      let length = rest[start ..< start + 4].reduce(0) { $0 << 8 | Int($1) }
      isLost = !(1 ... Limits().frameBytesMax ~= length)
      guard !isLost, rest.count - start >= 4 + length else { break }
      frames.append(Array(rest[start ..< start + 4 + length]))
      start += 4 + length
    }
    if isLost {
      frames.append(Array(rest[start...]))
      start = rest.count
    }
    rest.removeFirst(start)
    return frames
  }
}
