@testable import MeteClient
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(10)))
struct RetryTests {
  private let once: [String: ScriptedServer.Answers] = ["Tokenize": { $0 == nil ? [[1, 2]] : [] }]

  private func withServer(
    _ policy: RetryPolicy = RetryPolicy(attemptsMax: 4, base: .zero, seed: 1),
    plan: [ScriptedServer.Step] = [],
    _ body: (ScriptedServer, MeteClient) async throws -> Void
  ) async throws {
    let server = try ScriptedServer(answers: once)
    defer { server.stop() }
    server.plan.withLock { $0 = plan }
    var settings = ClientSettings()
    settings.retry = policy
    let client = try await MeteClient.connect(server.address, settings: settings)
    try await body(server, client)
    await client.close()
  }

  private func failure(
    _ client: MeteClient,
    _ options: CallOptions = CallOptions()
  ) async -> MeteError? {
    do throws(MeteError) {
      _ = try await client.tokenize("x", options: options)
      return nil
    } catch {
      return error
    }
  }

  @Test func aRefusedCallIsMadeAgainUnderItsID() async throws {
    let plan: [ScriptedServer.Step] = [
      .refuse(.queueFull), .refuse(.streamsMax), .refuse(.draining),
    ]
    try await withServer(plan: plan) { server, client in
      let id = CallID()
      let options = CallOptions(deadline: .seconds(600), callID: id)
      let tokens = try await client.tokenize("x", options: options).value
      #expect(tokens == [1, 2])
      let asked = server.books.withLock { $0.asked }
      #expect(asked.map(\.call) == [id, id, id, id])
      let deadlines = asked.compactMap(\.deadline)
      #expect(deadlines.count == 4)
      #expect(deadlines.first == .seconds(600))
      #expect(deadlines == deadlines.sorted(by: >))
    }
  }

  @Test func attemptsAreBoundedAndCounted() async throws {
    let plan = [ScriptedServer.Step](repeating: .refuse(.queueFull), count: 4)
    try await withServer(plan: plan) { server, client in
      let error = await failure(client)
      #expect(error?.detail == "queue_full")
      #expect(error?.attempts == 4)
      #expect(error?.bill?.macsTotal == 0)
      let tokens = try await client.tokenize("x").value
      #expect(tokens == [1, 2])
    }
  }

  @Test(arguments: [
    ScriptedServer.Step.refuse(.queueFull, macs: 1), .refuse(.queueFull, after: [7]),
    .refuse(.internal), .cut,
  ])
  func whatMayHaveDoneWorkIsNotMadeAgain(_ step: ScriptedServer.Step) async throws {
    try await withServer(plan: [step]) { server, client in
      let error = await failure(client)
      #expect(error?.attempts == 1)
      #expect(server.books.withLock { $0.opens } == 1)
    }
  }

  @Test func aPlainCallMakesOneAttempt() async throws {
    try await withServer(plan: [.refuse(.queueFull)]) { server, client in
      let error = await #expect(throws: MeteError.self) {
        try await client.call("Early").result()
      }
      #expect(error?.detail == "queue_full")
      #expect(server.books.withLock { $0.opens } == 1)
    }
  }

  @Test func aCallThatGoAwayDidNotTakeGoesToANewConnection() async throws {
    try await withServer(plan: [.leave]) { server, client in
      let tokens = try await client.tokenize("x").value
      #expect(tokens == [1, 2])
      let asked = server.books.withLock { $0.asked }
      #expect(asked.count == 2)
      #expect(asked.first?.call == asked.last?.call)
      await server.wait(for: .closed)
    }
  }

  @Test func aPromptIsSentAgainUntilTheFirstToken() async throws {
    try await withServer(plan: [.refuse(.queueFull), .refuse(.draining)]) { server, client in
      let prompt = Input.bytes([UInt8](repeating: 65, count: 50_000))
      let generation = try await client.generate(prompt)
      // All seven pieces come with the last attempt.
      let bill = try await generation.bill
      #expect(bill.tokensIn == 7)
      #expect(server.books.withLock { $0.opens } == 3)
    }
  }

  @Test func aServerThatIsGoneIsFoundAgain() async throws {
    try await withServer { server, client in
      server.order(.shut)
      await server.wait(for: .closed)
      let error = await failure(client)
      #expect(error?.status == .unavailable)
      #expect(error?.attempts == 4 || error?.detail == MeteError.Local.connectionLost)
      server.order(.listen)
      await server.wait(for: .listening)
      let tokens = try await client.tokenize("x").value
      #expect(tokens == [1, 2])
    }
  }

  @Test func aWaitThatWouldOutlastTheDeadlineIsNotBegun() async throws {
    let slow = RetryPolicy(base: .seconds(36_000), longest: .seconds(36_000))
    try await withServer(slow, plan: [.refuse(.queueFull)]) { _, client in
      let error = await failure(client, CallOptions(deadline: .seconds(600)))
      #expect(error?.detail == "queue_full")
      #expect(error?.attempts == 1)
    }
  }

  @Test func theDeadlineHoldsWhileConnecting() async throws {
    try await withServer { server, client in
      server.order(.mute)
      server.order(.kill)
      await server.wait(for: .closed)
      while (try? await client.ping()) != nil {}
      let error = await failure(client, CallOptions(deadline: .milliseconds(20)))
      #expect(error?.detail == "deadline")
    }
  }

  @Test func cancellingEndsAWaitAtOnce() async throws {
    let slow = RetryPolicy(base: .seconds(36_000), longest: .seconds(36_000))
    try await withServer(slow, plan: [.refuse(.queueFull)]) { server, client in
      let task = Task { await failure(client) }
      await server.wait(for: .refused)
      // The pong comes after the bill, so the wait has begun.
      _ = try await client.ping()
      task.cancel()
      let error = await task.value
      #expect(error?.status == .cancelled)
      #expect(error?.attempts == 1)
    }
  }

  @Test func everyCallOverARestartIsAnsweredOnceOrFailsTruthfully() async throws {
    let policy = RetryPolicy(attemptsMax: 1000, base: .milliseconds(1), seed: 3)
    try await withServer(policy) { server, client in
      let ids = (0 ..< 20).map { _ in CallID() }
      let tasks = ids.map { id in Task { await failure(client, CallOptions(callID: id)) } }
      await server.wait(for: .opened("Tokenize"))
      server.order(.shut)
      server.order(.listen)
      for (id, task) in zip(ids, tasks) {
        let error = await task.value
        let books = server.books.withLock { $0 }
        let answers = books.answered.count { $0 == id }
        if let error {
          #expect(error.detail == MeteError.Local.connectionLost)
          #expect(answers <= 1)
        } else {
          #expect(answers == 1)
        }
        // Nothing here was refused, so no call was ever opened twice.
        #expect(books.asked.count { $0.call == id } <= 1)
      }
    }
  }
}
