import Foundation
import Support
import Testing

/// What a supervisor hears of the daemon, and when.
@Suite(.serialized)
struct SupervisorTests {
  @Test func theSupervisorHearsEveryStep() throws {
    let service = try Service("drain_seconds: 7", watchdog: 400_000)
    let start = service.notify.heard
    #expect(start.first == "STATUS=loading letters\nEXTEND_TIMEOUT_USEC=30000000")
    #expect(start.contains { $0.hasPrefix("STATUS=warming up\n") })
    #expect(start.last == "READY=1" && start.filter { $0.contains("READY=1") }.count == 1)
    let idle = "STATUS=serving 0 calls on 0 connections, 0 tokens/s, 0 multiply-adds/s"
    #expect(try service.notify.waitFor("WATCHDOG=1") == "WATCHDOG=1\n\(idle)")
    let call = try Child(
      .mete,
      SignalTests.long,
      environment: ["METE_ADDRESS": service.address]
    )
    let busy = try service.notify.waitFor("STATUS=serving 1 call on 1 connection, ")
    let status = try #require(busy.split(separator: "\n").first { $0.hasPrefix("STATUS=") })
    #expect(
      status.contains(
        /connection, [1-9][0-9.]* ?[MG]? tokens.s, [1-9][0-9.]* ?[MGT]? multiply-adds.s$/
      )
    )
    call.send(SIGINT)
    _ = try call.finish()
    service.child.send(SIGTERM)
    let stopping = try service.notify.waitFor("STOPPING=1")
    #expect(stopping.contains("\nEXTEND_TIMEOUT_USEC=17000000"), "the drain time and ten seconds")
    try service.stop()
  }

  /// Another daemon's signs of life are the clock: while it gives five, one that is stopped gives none.
  @Test func aStoppedDaemonGivesNoSignOfLife() throws {
    let folder = try TemporaryFolder()
    let stuck = try Service(watchdog: 200_000, folder: folder)
    let alive = try Service(watchdog: 200_000, folder: folder, number: 1)
    try stuck.notify.waitFor("WATCHDOG=1")
    stuck.child.send(SIGSTOP)
    while Self.state(of: stuck.child.processID) != "T" { sched_yield() }
    _ = stuck.notify.takeWaiting()
    for _ in 0 ..< 5 { try alive.notify.waitFor("WATCHDOG=1") }
    #expect(stuck.notify.takeWaiting().isEmpty)
    stuck.child.send(SIGCONT)
    try stuck.notify.waitFor("WATCHDOG=1")
    try stuck.stop()
    try alive.stop()
  }

  /// An engine that is in the middle of a long call answers too.
  @Test func aBusyDaemonGivesSignsOfLife() throws {
    let service = try Service(watchdog: 200_000)
    let call = try Child(
      .mete,
      SignalTests.long,
      environment: ["METE_ADDRESS": service.address]
    )
    try call.waitForOutput("\"token\"")
    for _ in 0 ..< 5 { try service.notify.waitFor("WATCHDOG=1") }
    call.send(SIGINT)
    _ = try call.finish()
    try service.stop()
  }

  @Test func aWatchdogOfAnotherProcessIsNotFed() throws {
    let folder = try TemporaryFolder()
    let notify = try NotifySocket(in: folder)
    let file = try Service.write("", in: folder)
    let variables = ["NOTIFY_SOCKET": notify.name, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"]
    let child = try Child(.meted, ["--config", file], environment: variables)
    try notify.waitFor("STATUS=serving")
    child.send(SIGTERM)
    #expect(try child.finish().code == 0)
    #expect(!(notify.heard + notify.takeWaiting()).contains { $0.contains("WATCHDOG") })
  }

  private static func state(of process: Int32) -> String {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return text.split(separator: ")").last?.split(separator: " ").first.map(String.init) ?? ""
  }
}
