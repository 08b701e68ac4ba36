import Inference
import Loop
import Serving
import Support
import Testing

@testable import Wire

/// A daemon, a call that is held where the case wants it, and somebody else to see it from outside.
final class CleanupScene {
  private let test: CleanupCase
  private let daemon: DaemonHarness
  private let loop: EventLoop
  private let target: TestPeer
  private let other: TestPeer
  private let id = CallID()
  private var call: StreamID = 0
  /// Who has all pages while the call is queued.
  private var holder: StreamID?
  private let deadline: Duration?
  private var stopping: (thread: WorkerThread, closings: WorkQueue<Closing>)?

  init(_ test: CleanupCase, deadline: Duration?) throws {
    self.test = test
    self.deadline = deadline
    daemon = try DaemonHarness {
      // All 256 positions of the tiny model, once.
      $0.engine.keyValueBytesMax = 256 * TinyModels.layers * 2 * 2 * 8 * 4
      $0.engine.prefillRowsMax = 4
      if test.ending == .drain { $0.drain = .milliseconds(50) }
    }
    loop = try EventLoop()
    let address = test.isUnix ? daemon.unix : daemon.tcp
    var limits = Limits()
    // A call with many results to give stands still after a few of them, until they are used.
    if test.phase != .queued { limits.streamCredit = test.phase == .lastFrame ? 60 : 200 }
    target = TestPeer(address, on: loop, limits: limits)
    target.isReading = test.phase == .queued
    other = TestPeer(address, on: loop)
  }

  /// Calls that were opened and reached the daemon.
  var openedCount: Int { target.conversation.lastStream + other.conversation.lastStream }

  /// Gets the call where it is to be; false if its deadline was first.
  func reachPhase() throws -> Bool {
    switch test.phase {
    case .queued:
      let greedy = Open("Predict", ["max_tokens": 256])
      let holder = try other.call(greedy, ["sun and "], closes: false)
      self.holder = holder
      wait("the holder has its pages") { self.other.answers[holder]?.messages.isEmpty == false }
      try begin(Open("Generate", ["max_tokens": 5, "ignore_eos": true]), ["the sun"])
      // What the engine answers to a later call of the connection, it answers after this one's orders.
      _ = try ask(target, loop, Open("Tokenize"), ["sun"])
    case .prefill:
      try begin(Open("Predict", ["top_k": 1, "max_tokens": 250]), [ids(200)])
      wait("the first prediction") { self.hasBegun }
    case .decode:
      try begin(Open("Generate", ["max_tokens": 200, "ignore_eos": true]), [ids(5)])
      wait("the first token") { self.hasBegun }
    case .lastFrame:
      try begin(Open("Generate", ["max_tokens": 10, "ignore_eos": true]), [ids(240)])
      wait("the first token") { self.hasBegun }
      // It gets pages once the call, which has them all, is over in the engine.
      let next = Open("Generate", ["max_tokens": 2, "ignore_eos": true])
      #expect(try ask(other, loop, next, ["sun"]).end?.status == .ok)
    }
    return target.answers[call]?.end == nil
  }

  private var hasBegun: Bool {
    target.answers[call]?.messages.isEmpty == false || target.answers[call]?.end != nil
  }

  /// Ends the call as the case says, and sees that its client, or a later one, hears of it.
  func end() throws {
    let results = target.answers[call]?.messages.count ?? 0
    #expect(test.phase == .queued ? results == 0 : results > 0 && results < 20)
    switch test.ending {
    case .finish:
      if let holder { other.close(holder) }
      target.readOn()
      expectEnd(.ok)
    case .cancel:
      target.cancel(call)
      expectEnd(.cancelled)
    case .deadline: expectEnd(.deadline)
    case .killed:
      target.vanish()
      try recallBill()
    case .drain:
      let closings = WorkQueue<Closing>(offersMax: 1)
      let stopping = UncheckedBox(daemon)
      let thread = WorkerThread(named: "stopper") { closings.post(stopping.value.stop()) }
      self.stopping = (thread, closings)
      expectEnd(.draining)
      wait("the server closes") { self.target.failure != nil && self.other.failure != nil }
    }
  }

  /// Lets everything else end, sees that all credit came back, and stops the daemon.
  func close() throws -> Closing {
    if stopping == nil {
      if let holder, other.answers[holder]?.bill == nil { other.cancel(holder) }
      wait("every bill") { self.target.openCount == 0 && self.other.openCount == 0 }
      wait("all credit") {
        self.here.forEach { $0.tick() }
        return self.here.allSatisfy(\.isCreditWhole)
      }
    }
    for peer in [target, other] where peer.failure != "vanished" {
      for answer in peer.answers.values {
        #expect(answer.endsCount == 1 && answer.billsCount == 1)
        #expect(answer.end?.status == answer.bill?.status)
      }
    }
    for peer in [target, other] { peer.vanish() }
    loop.close()
    guard let (thread, closings) = stopping else { return daemon.stop() }
    thread.join()
    let closing = try #require(closings.take(waiting: true).first)
    #expect(closing.callsEvicted == (holder == nil ? 1 : 2))
    return closing
  }

  private var here: [TestPeer] { [target, other].filter { $0.failure == nil } }

  private func begin(_ open: Open, _ messages: [Value]) throws {
    var open = open
    open.call = id
    open.deadline = deadline
    call = try target.call(open, messages)
  }

  private func ids(_ count: Int) -> Value { .array((0 ..< count).map { Value($0 % 250) }) }

  private func expectEnd(_ detail: Detail) {
    wait("the bill") { self.target.answers[self.call]?.bill != nil }
    let end = target.answers[call]?.end
    #expect(end?.knownDetail == detail, "\(end?.text ?? "")")
    #expect(test.phase == .queued || (target.answers[call]?.bill?.macsTotal ?? 0) > 0)
  }

  /// The bill of a call whose connection is gone.
  private func recallBill() throws {
    var bill: Wire.Bill?
    // The engine may still be ending it.
    for _ in 0 ..< 1000 where bill == nil {
      let answer = try ask(other, loop, Open("Usage.Bill", ["call": .binary(id.bytes)]))
      if let map = answer.messages.first?.asMap { bill = try Wire.Bill(reading: map) }
    }
    #expect(bill?.status == .cancelled)
  }

  private func wait(_ what: String, until isDone: @escaping () -> Bool) {
    #expect(loop.run(within: .seconds(60), until: isDone), "\(test.testDescription): \(what)")
  }
}
