import Inference
import Loop
import Serving
import Support
import Testing
import Wire

/// Runs `body` against a daemon and requires that its books balance at the end.
func withDaemon(
  _ change: (inout Configuration) -> Void = { _ in },
  _ body: (DaemonHarness, TestPeer, EventLoop) throws -> Void
) throws {
  let daemon = try DaemonHarness(change)
  let loop = try EventLoop()
  let peer = TestPeer(daemon.unix, on: loop)
  try body(daemon, peer, loop)
  // Its loop does not turn any more, so it would not see that the server leaves.
  peer.vanish()
  let closing = daemon.stop()
  #expect(closing.isBalanced)
  #expect(closing.load.sequences == 0 && closing.load.pagesUsed == 0)
  loop.close()
}

/// Makes a call and waits for its bill.
func ask(
  _ peer: TestPeer,
  _ loop: EventLoop,
  _ open: Open,
  _ messages: [Value] = []
) throws -> TestPeer.Answer {
  let stream = try peer.call(open, messages)
  let isDone = loop.run(within: .seconds(30)) {
    peer.answers[stream]?.bill != nil || peer.failure != nil
  }
  #expect(isDone && peer.failure == nil, "\(open.method): \(peer.failure ?? "no bill")")
  return try #require(peer.answers[stream])
}

/// Hands a test's own object to its helper thread; the test does not touch it meanwhile.
struct UncheckedBox<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
