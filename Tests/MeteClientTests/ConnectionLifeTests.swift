import Loop
import MeteClient
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(10)))
struct ConnectionLifeTests {
  private func failure(_ body: () async throws -> Void) async -> MeteError? {
    do {
      try await body()
    } catch {
      return error as? MeteError
    }
    return nil
  }

  @Test func connectingWhereNobodyListensFails() async {
    let error = await failure {
      _ = try await MeteClient.connect(.unix(path: "/tmp/mete-nobody/s"))
    }
    #expect(error?.status == .unavailable)
    #expect(error?.detail == MeteError.Local.connectFailed)
    #expect(error?.text.contains("ENOENT") == true)
  }

  @Test func aServerThatDoesNotGreetFailsInTime() async throws {
    let server = try MuteServer()
    defer { server.stop() }
    var settings = ClientSettings()
    settings.connectTime = .milliseconds(30)
    let error = await failure {
      _ = try await MeteClient.connect(server.address, settings: settings)
    }
    #expect(error?.detail == MeteError.Local.connectFailed)
  }

  @Test func connectingIsCancelledWithItsTask() async throws {
    let server = try MuteServer()
    defer { server.stop() }
    let task = Task { await failure { _ = try await MeteClient.connect(server.address) } }
    task.cancel()
    #expect(await task.value?.status == .cancelled)
  }

  @Test func aKilledConnectionFailsEverythingThatIsOpen() async throws {
    let server = try ScriptedServer()
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address)
    let reading = client.call("Hang")
    let sending = client.call("Hang")
    let waiting = client.call("Deaf")
    let piece = Value.binary([UInt8](repeating: 7, count: 60_000))
    try await sending.send(piece)
    let tasks = [
      Task { await failure { for try await _ in reading.messages {} } },
      Task { await failure { try await sending.send(piece) } },
      Task { await failure { _ = try await waiting.result() } },
    ]
    _ = try await client.ping()
    server.order(.kill)
    for task in tasks {
      let error = await task.value
      #expect(error?.status == .unavailable)
      #expect(error?.detail == MeteError.Local.connectionLost)
      #expect(error?.text.hasPrefix("connection lost") == true)
      #expect(error?.bill == nil)
    }
    let silence = await failure { _ = try await client.ping() }
    #expect(silence?.detail == MeteError.Local.connectionLost)
    // The next call connects anew.
    #expect(try await client.call("Early").result().end.status == .ok)
    await client.close()
  }

  @Test func goAwayLetsRunningCallsFinishWhileNewOnesConnectAnew() async throws {
    let server = try ScriptedServer()
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address)
    let running = client.call("Echo")
    try await running.send("before")
    _ = try await client.ping()
    server.order(.goAway)
    // The call above still works, and its answer comes after the GOAWAY.
    try await running.send("after")
    var messages = running.messages.makeAsyncIterator()
    #expect(try await messages.next(isolation: nil) == "before")
    #expect(try await messages.next(isolation: nil) == "after")
    #expect(try await client.call("Early").result().end.status == .ok)
    running.halfClose()
    #expect(try await running.result().bill.tokensIn == 2)
    // The old connection goes with its last call; the new one stays.
    await server.wait(for: .closed)
    _ = try await client.ping()
    await client.close()
  }

  @Test func aServerThatBreaksTheProtocolIsLeft() async throws {
    let server = try ScriptedServer()
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address)
    let error = await failure { _ = try await client.call("Garbage").result() }
    #expect(error?.status == .invalidArgument)
    #expect(error?.detail == "malformed_frame")
    await server.wait(for: .closed)
    await client.close()
  }

  @Test func closingEndsWhatIsOpenAndIsCalm() async throws {
    let server = try ScriptedServer()
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address)
    let call = client.call("Hang")
    let task = Task { await failure { _ = try await call.result() } }
    await server.wait(for: .opened("Hang"))
    await client.close()
    await client.close()
    #expect(await task.value?.detail == MeteError.Local.clientClosed)
    let late = await failure { _ = try await client.call("Echo").result() }
    #expect(late?.detail == MeteError.Local.clientClosed)
    await server.wait(for: .closed)
  }

  @Test func aClientThatNobodyHoldsLeaves() async throws {
    let server = try ScriptedServer()
    defer { server.stop() }
    _ = try await MeteClient.connect(server.address)
    await server.wait(for: .closed)
  }

  @Test func aCallKeepsItsConnectionAlive() async throws {
    let server = try ScriptedServer()
    defer { server.stop() }
    let call = try await MeteClient.connect(server.address).call("Echo")
    try await call.send("still here")
    call.halfClose()
    #expect(try await call.result().bill.tokensIn == 1)
  }

  @Test func tooManyPingsAreRefusedHereAndTheConnectionLives() async throws {
    let server = try ScriptedServer()
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address)
    var refused: [MeteError] = []
    for _ in 0 ..< 50 {
      if let error = await failure({ _ = try await client.ping() }) { refused.append(error) }
    }
    #expect(!refused.isEmpty)
    #expect(refused.allSatisfy { $0.detail == "ping_flood" })
    #expect(try await client.call("Early").result().end.status == .ok)
    await client.close()
  }

  @Test func aCallBeyondWhatTheServerTakesWaitsForRoom() async throws {
    var limits = Limits()
    limits.streamsMax = 2
    let server = try ScriptedServer(limits: limits)
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address)
    let held = [client.call("Hang"), client.call("Hang")]
    let late = await failure {
      _ = try await client.call("Early", options: CallOptions(deadline: .milliseconds(50))).result()
    }
    #expect(late?.detail == "deadline" && late?.text.contains("no stream became free") == true)
    let waiting = client.call("Early")
    let after = client.call("Early")
    held[0].cancel()
    #expect(try await waiting.result().end.status == .ok)
    #expect(try await after.result().end.status == .ok)
    #expect(server.books.withLock { $0.opens } == 4)
    held[1].cancel()
    _ = await failure { _ = try await held[1].result() }
    await client.close()
  }

  @Test func aCallThatWaitsForRoomGoesToTheNextConnection() async throws {
    var limits = Limits()
    limits.streamsMax = 1
    let server = try ScriptedServer(limits: limits)
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address)
    let held = client.call("Hang")
    let waiting = client.call("Early")
    await server.wait(for: .opened("Hang"))
    server.order(.goAway)
    #expect(try await waiting.result().end.status == .ok)
    held.cancel()
    _ = await failure { _ = try await held.result() }
    await client.close()
  }
}

/// A server that accepts and says nothing.
private final class MuteServer: Sendable {
  let address: Address
  private let mailbox: Mailbox<Bool>
  private let thread: WorkerThread

  init() throws {
    let started = WorkQueue<(Address, Mailbox<Bool>)>(offersMax: 1)
    thread = WorkerThread(named: "mute") {
      guard let loop = try? EventLoop(),
        let mailbox = try? Mailbox<Bool>(on: loop, { _ in loop.stop() }),
        let listener = try? Listener(
          .tcp(host: "127.0.0.1", port: 0),
          on: loop,
          onConnection: { _ in }
        )
      else { return started.close() }
      started.post((listener.address, mailbox))
      loop.run()
      loop.close()
    }
    guard let (address, mailbox) = started.take(waiting: true).first else {
      throw WireError(.internal, "the mute server did not start")
    }
    self.address = address
    self.mailbox = mailbox
  }

  func stop() {
    mailbox.post(true)
    thread.join()
  }
}
