import Loop
import MeteClient
import Support
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(10)))
struct CallTests {
  /// Runs a scenario against a scripted server and ends both.
  private func withServer(
    limits: Limits = Limits(),
    tcp: Bool = false,
    settings: ClientSettings = ClientSettings(),
    _ body: (ScriptedServer, MeteClient) async throws -> Void
  ) async throws {
    let server = try ScriptedServer(limits: limits, tcp: tcp)
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address, settings: settings)
    try await body(server, client)
    await client.close()
  }

  private func failure(_ body: () async throws -> Void) async -> MeteError? {
    do {
      try await body()
    } catch {
      return error as? MeteError
    }
    return nil
  }

  private func count(_ count: Int, bytes: Int) -> CallOptions {
    CallOptions(params: [.init("count", Value(count)), .init("bytes", Value(bytes))])
  }

  @Test(arguments: [false, true])
  func messagesComeBackInOrderAndThenTheBill(tcp: Bool) async throws {
    try await withServer(tcp: tcp) { _, client in
      let call = client.call("Echo")
      let messages: [Value] = (0 ..< 1000).map { ["n": Value($0)] }
      async let sending: Void = {
        for message in messages { try await call.send(message) }
        call.halfClose()
      }()
      var received: [Value] = []
      for try await message in call.messages { received.append(message) }
      try await sending
      #expect(received == messages)
      let (end, bill) = try await call.result()
      #expect(end.status == .ok)
      #expect(bill.call == call.id)
      #expect(bill.tokensIn == 1000)
      #expect(bill.tokensOut == 1000)
    }
  }

  @Test func optionsTravelWithTheCall() async throws {
    try await withServer { _, client in
      let id = CallID()
      let options = CallOptions(
        model: "m",
        deadline: .seconds(9),
        effort: 0.5,
        macsMax: 7,
        costMax: 8,
        callID: id,
        params: [.init("x", 1)]
      )
      let call = client.call("Options", options: options)
      #expect(call.id == id)
      var messages = call.messages.makeAsyncIterator()
      let told = try #require(try await messages.next(isolation: nil))
      #expect(told["call"] == .binary(id.bytes))
      #expect(told["deadline_ms"] == 9000)
      #expect(told["model"] == "m")
      #expect(told["effort"] == 0.5)
      #expect(told["macs_max"] == 7)
      #expect(told["cost_max"] == 8)
      #expect(told["params"] == ["x": 1])
    }
  }

  @Test func aSlowReaderStopsTheServerAtTheWindow() async throws {
    var settings = ClientSettings()
    settings.limits.streamCredit = 20_000
    try await withServer(settings: settings) { server, client in
      let call = client.call("Count", options: count(2_000, bytes: 100))
      var messages = call.messages.makeAsyncIterator()
      var most = 0
      for index in 0 ..< 2_000 {
        let message = try #require(try await messages.next(isolation: nil))
        #expect(message.asArray?.first == Value(index))
        guard index % 400 == 0 else { continue }
        // The pong comes after everything that the server was allowed to send.
        _ = try await client.ping()
        let sent = server.books.withLock { $0.dataBytes }
        let read = (index + 1) * 100
        most = max(most, sent - read)
      }
      #expect(try await messages.next(isolation: nil) == nil)
      #expect(try await call.result().bill.tokensOut == 2_000)
      // Framing adds about eight bytes to each message that was read.
      #expect(most <= 20_000 + 2_000 * 10)
      #expect(server.books.withLock { $0.dataBytes } > 200_000)
    }
  }

  @Test func aReaderThatDoesNotReadHoldsTheServerAtExactlyItsCredit() async throws {
    var settings = ClientSettings()
    settings.limits.streamCredit = 20_000
    try await withServer(settings: settings) { server, client in
      let call = client.call("Count", options: count(2_000, bytes: 100))
      _ = try await client.ping()
      let sent = server.books.withLock { $0.dataBytes }
      #expect(sent <= 20_000)
      #expect(sent > 19_800)
      _ = try await client.ping()
      #expect(server.books.withLock { $0.dataBytes } == sent)
      // Asking for the result drops the messages, and the server comes to its end.
      #expect(try await call.result().bill.tokensOut == 2_000)
    }
  }

  @Test func sendingWaitsForCredit() async throws {
    try await withServer { server, client in
      // Nothing is consumed, so the stream's 65,536 bytes are all there is.
      let call = client.call("Hang")
      let piece = Value.binary([UInt8](repeating: 7, count: 10_000))
      for _ in 0 ..< 6 { try await call.send(piece) }
      let blocked = Task { await failure { try await call.send(piece) } }
      let after = Task { await failure { try await call.send(piece) } }
      _ = try await client.ping()
      call.cancel()
      for error in [await blocked.value, await after.value] {
        #expect(error?.status == .cancelled)
        #expect(error?.bill?.tokensIn == 6)
      }
      await server.wait(for: .cancelled("Hang"))
    }
  }

  @Test func aMessageThatCanNeverPassIsRefusedAndTheCallGoesOn() async throws {
    try await withServer { _, client in
      let call = client.call("Echo")
      let error = await failure {
        try await call.send(.binary([UInt8](repeating: 0, count: 70_000)))
      }
      #expect(error?.status == .resourceExhausted)
      #expect(error?.detail == "frame_too_large")
      try await call.send("small")
      call.halfClose()
      var messages = call.messages.makeAsyncIterator()
      #expect(try await messages.next(isolation: nil) == "small")
      #expect(try await call.result().bill.tokensIn == 1)
    }
  }

  @Test func aMessageAfterHalfCloseIsRefused() async throws {
    try await withServer { _, client in
      let call = client.call("Hang")
      call.halfClose()
      let error = await failure { try await call.send("late") }
      #expect(error?.status == .invalidArgument)
      #expect(error?.detail == "message_after_half_close")
    }
  }

  @Test func anErrorEndCarriesItsBill() async throws {
    try await withServer { _, client in
      let call = client.call("Fail")
      for error in [
        await failure { _ = try await call.result() },
        await failure { for try await _ in call.messages {} },
        await failure { try await call.send("late") },
      ] {
        #expect(error?.status == .invalidArgument)
        #expect(error?.detail == "bad_option")
        #expect(error?.text == "no such thing")
        #expect(error?.bill?.macsTotal == 42)
        #expect(error?.bill?.call == call.id)
      }
    }
  }

  @Test func anEndBeforeHalfCloseIsTheEnd() async throws {
    try await withServer { _, client in
      let call = client.call("Early")
      #expect(try await call.result().end.status == .ok)
      let error = await failure { try await call.send("late") }
      #expect(error?.detail == MeteError.Local.callEnded)
      #expect(error?.bill?.call == call.id)
      for try await _ in call.messages { Issue.record("a message after the end") }
    }
  }

  @Test func whatAReaderLeavesBehindIsDropped() async throws {
    try await withServer { _, client in
      let call = client.call("Count", options: count(2_000, bytes: 100))
      var read = 0
      for try await _ in call.messages {
        read += 1
        if read == 3 { break }
      }
      #expect(try await call.result().bill.tokensOut == 2_000)
    }
  }

  @Test func cancellingTheTaskCancelsTheCallAndKeepsTheBill() async throws {
    try await withServer { server, client in
      let call = client.call("Hang")
      let reading = Task { await failure { for try await _ in call.messages {} } }
      let waiting = Task { await failure { _ = try await call.result() } }
      await server.wait(for: .opened("Hang"))
      reading.cancel()
      for error in [await reading.value, await waiting.value] {
        #expect(error?.status == .cancelled)
        #expect(error?.detail == "cancelled")
        #expect(error?.bill?.status == .cancelled)
        #expect(error?.bill?.call == call.id)
      }
    }
  }

  @Test func aTaskThatIsCancelledAlreadyStillGetsItsBill() async throws {
    try await withServer { _, client in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return await failure { _ = try await client.call("Hang").result() }
      }
      let error = await task.value
      #expect(error?.status == .cancelled)
      #expect(error?.bill?.macsTotal == 42)
    }
  }

  @Test func aCallThatNobodyHoldsIsCancelled() async throws {
    try await withServer { server, client in
      _ = client.call("Hang")
      await server.wait(for: .cancelled("Hang"))
      _ = try await client.ping()
      #expect(server.books.withLock { $0.bills } == 1)
    }
  }

  @Test func theServersDeadlineEndsTheCallWithItsBill() async throws {
    try await withServer { _, client in
      let options = CallOptions(
        deadline: .milliseconds(20),
        params: [.init("enforced", true)]
      )
      let call = client.call("Hang", options: options)
      let error = await failure { _ = try await call.result() }
      #expect(error?.status == .deadlineExceeded)
      #expect(error?.text == "too late")
      #expect(error?.bill?.status == .deadlineExceeded)
    }
  }

  @Test func aServerThatForgetsTheDeadlineIsCancelled() async throws {
    var settings = ClientSettings()
    settings.deadlineGrace = .milliseconds(10)
    try await withServer(settings: settings) { server, client in
      let call = client.call("Hang", options: CallOptions(deadline: .milliseconds(10)))
      let error = await failure { for try await _ in call.messages {} }
      #expect(error?.status == .deadlineExceeded)
      #expect(error?.detail == "deadline")
      // The server has said CANCELLED, since that is what we sent; its bill belongs to our reason.
      #expect(error?.bill?.status == .cancelled)
      await server.wait(for: .cancelled("Hang"))
    }
  }

  @Test func aDeafServerHoldsNobodyForLong() async throws {
    var settings = ClientSettings()
    settings.deadlineGrace = .milliseconds(10)
    settings.billTime = .milliseconds(20)
    try await withServer(settings: settings) { _, client in
      let late = client.call("Deaf", options: CallOptions(deadline: .milliseconds(10)))
      let error = await failure { _ = try await late.result() }
      #expect(error?.status == .deadlineExceeded)
      #expect(error?.bill == nil)
      let cancelled = client.call("Deaf")
      cancelled.cancel()
      let other = await failure { _ = try await cancelled.result() }
      #expect(other?.status == .cancelled)
      #expect(other?.bill == nil)
      let unbilled = await failure { _ = try await client.call("NoBill").result() }
      #expect(unbilled?.status == .unavailable)
      #expect(unbilled?.detail == MeteError.Local.billMissing)
    }
  }

  @Test(arguments: 0 ..< 6)
  func everyCallEndsExactlyOnceWhateverHappens(seed: UInt64) async throws {
    var settings = ClientSettings()
    settings.limits.streamCredit = 3_000
    settings.limits.connectionCredit = 20_000
    // Nothing here may end by waiting, however slow the machine is.
    settings.billTime = .seconds(600)
    try await withServer(settings: settings) { server, client in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0 ..< 60 {
          group.addTask {
            var random = SplitMix64(seed: seed * 1000 + UInt64(index))
            try await scenario(&random, client)
          }
        }
        try await group.waitForAll()
      }
      _ = try await client.ping()
      let books = server.books.withLock { $0 }
      #expect(books.opens == 60)
      #expect(books.bills == 60)
    }
  }

  private func scenario(_ random: inout SplitMix64, _ client: MeteClient) async throws {
    let messages = Int.random(in: 0 ... 40, using: &random)
    let bytes = Int.random(in: 0 ... 900, using: &random)
    switch Int.random(in: 0 ..< 5, using: &random) {
    case 0:
      let billed = try await client.call("Count", options: count(messages, bytes: bytes)).result()
      #expect(billed.bill.tokensOut == UInt64(messages))
    case 1:
      let call = client.call("Echo")
      async let sending: Void = {
        for index in 0 ..< messages {
          try await call.send([Value(index), .binary([UInt8](repeating: 1, count: bytes))])
        }
        call.halfClose()
      }()
      var next = 0
      for try await message in call.messages {
        #expect(message.asArray?.first == Value(next))
        next += 1
      }
      try await sending
      #expect(next == messages)
      #expect(try await call.result().bill.tokensIn == UInt64(messages))
    case 2:
      let error = await failure { _ = try await client.call("Fail").result() }
      #expect(error?.bill != nil)
    case 3:
      let call = client.call("Count", options: count(messages + 20, bytes: bytes))
      let task = Task { await failure { for try await _ in call.messages {} } }
      task.cancel()
      // The end may have crossed the cancel; either way the bill has come.
      if let error = await task.value {
        #expect(error.status == .cancelled)
        #expect(error.bill != nil)
      }
    default:
      _ = client.call("Hang")
    }
  }
}
