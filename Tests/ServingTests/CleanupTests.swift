import Inference
import Loop
import Serving
import Support
import Testing

@testable import Wire

/// However a call ends, wherever it stands then, over either socket: one END, one BILL, nothing left.
struct CleanupTests {
  @Test(arguments: CleanupCase.all)
  func nothingIsLeftOfACall(_ test: CleanupCase) throws {
    // A call with a deadline must get where it is to be before that; on a slow machine it needs more.
    let deadlines: [Duration?] =
      test.ending == .deadline
      ? [.milliseconds(300), .milliseconds(1200), .seconds(5), .seconds(30)] : [nil]
    for deadline in deadlines {
      let scene = try CleanupScene(test, deadline: deadline)
      let isThere = try scene.reachPhase()
      if isThere { try scene.end() }
      let closing = try scene.close()
      #expect(closing.isBalanced)
      #expect(closing.callsOpen == 0 && closing.macsBilled == closing.macsCounted)
      let load = closing.load
      #expect(load.sequences == 0 && load.running == 0, "streams and rows")
      #expect(load.pagesUsed == 0 && load.pages > 0, "pages")
      #expect(load.queued == 0 && load.deferred == 0, "the queue")
      #expect(closing.billsCount == scene.openedCount, "one bill each")
      if isThere { return }
    }
    Issue.record("\(test): the deadline was always first")
  }
}

/// One field of the matrix.
struct CleanupCase: Sendable, CustomTestStringConvertible {
  enum Ending: String, CaseIterable { case finish, cancel, deadline, killed, drain }
  enum Phase: String, CaseIterable { case queued, prefill, decode, lastFrame }

  let ending: Ending
  let phase: Phase
  let isUnix: Bool

  var testDescription: String { "\(ending) × \(phase) × \(isUnix ? "Unix" : "TCP")" }

  static let all = Ending.allCases.flatMap { ending in
    Phase.allCases.flatMap { phase in
      [true, false].map { CleanupCase(ending: ending, phase: phase, isUnix: $0) }
    }
  }
}
