import Foundation
import Testing

/// What happens to a call when one side is told to end.
@Suite(.serialized)
struct SignalTests {
  static let long = ["generate", "--max-tokens", "190000", "--ignore-eos", "--json", "abc"]

  @Test func aDaemonThatIsEndedBillsWhatRuns() throws {
    let daemon = try RunningDaemon(drainSeconds: 0)
    let call = try daemon.start(Self.long)
    try call.waitForOutput("\"token\"")
    let stopped = try daemon.stop()
    let ended = try call.finish()
    #expect(ended.code == 69, "\(ended.errors)")
    #expect(ended.errors.hasPrefix("mete: UNAVAILABLE draining: "), "\(ended.errors)")
    let lines = try ended.objects().suffix(2)
    #expect((lines.first?["end"] as? [String: Any])?["detail"] as? String == "draining")
    let bill = try #require(lines.last?["bill"] as? [String: Any], "\(ended.errors)")
    let macs = try #require(bill["macs_total"] as? Int)
    #expect(macs > 0)
    #expect(stopped.errors.contains("macs_billed=\(macs) macs_counted=\(macs)"), "\(stopped)")
  }

  @Test func aDaemonThatIsEndedFinishesWhatItCan() throws {
    let daemon = try RunningDaemon(drainSeconds: 20)
    let call = try daemon.start(["predict", "--json"])
    call.type("ab c")
    try call.waitForOutput("\"position\":1")
    daemon.child.send(SIGTERM)
    _ = try daemon.child.waitForError(" draining ")
    call.type("de")
    let ended = try call.finish()
    #expect(ended.code == 0, "\(ended)")
    let predictions = try ended.objects().filter { $0["position"] != nil }
    #expect(predictions.compactMap { $0["token"] as? Int } == TinyModel.tokens(of: "ab cde"))
    try daemon.stop()
  }

  /// Until the last moment: watchers are closed then, and the default action would be death.
  @Test func aDaemonThatIsEndedAgainAndAgainEndsInOrder() throws {
    let daemon = try RunningDaemon()
    for _ in 0 ..< 2_000 where daemon.child.isRunning {
      daemon.child.send(SIGTERM)
      usleep(100)
    }
    try daemon.stop()
  }

  @Test func anInterruptedCallShowsItsBill() throws {
    let daemon = try RunningDaemon()
    let call = try daemon.start(Self.long)
    try call.waitForOutput("\"token\"")
    call.send(SIGINT)
    let ended = try call.finish()
    #expect(ended.code == 130 && !ended.isSignalled, "\(ended.errors)")
    #expect(ended.errors == "mete: interrupted\n")
    let lines = try ended.objects().suffix(2)
    #expect((lines.first?["end"] as? [String: Any])?["detail"] as? String == "cancelled")
    let bill = try #require(lines.last?["bill"] as? [String: Any])
    #expect((bill["macs_total"] as? Int ?? 0) > 0)
    try daemon.stop()
  }

  @Test func whoStopsReadingStopsTheCall() throws {
    let daemon = try RunningDaemon()
    let mete = try Program.mete.path
    let shell = "\(mete) generate --max-tokens 190000 --ignore-eos abc | head -c 5"
    let piped = try Child(
      .bash,
      ["-c", "set -o pipefail; \(shell)"],
      environment: ["METE_ADDRESS": daemon.address]
    ).finish()
    #expect(piped.code == 141, "\(piped)")
    #expect(piped.output.count == 5, "\(piped)")
    #expect(piped.errors.isEmpty, "\(piped)")
    // The call would take minutes; only a cancelled one lets the daemon end in time, and with its books right.
    _ = try daemon.child.waitForError("detail=cancelled")
    try daemon.stop()
  }
}
