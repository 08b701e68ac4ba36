import Foundation
import Support
import Testing

/// SIGHUP: the whole new configuration or none of it.
@Suite(.serialized)
struct ReloadTests {
  @Test func aRightFileIsObeyed() throws {
    let service = try Service()
    let before = try service.bill()
    try Service.write("bills_remembered: 0\nlog_level: debug", price: 2000, in: service.folder)
    service.child.send(SIGHUP)
    let reloading = try service.notify.waitFor("RELOADING=1")
    #expect(reloading.contains(/\nMONOTONIC_USEC=[1-9][0-9]*$/))
    try service.notify.waitFor("READY=1")
    let line = try service.child.waitForError(" reloaded ")
    #expect(
      line.contains("changed=\"bills_remembered log_level models.letters.micro_per_gmac\""),
      "\(line)"
    )
    let after = try service.bill()
    #expect(after["macs_total"] as? Int == before["macs_total"] as? Int)
    let (old, new) = (before["cost_micro"] as? Int, after["cost_micro"] as? Int)
    let macs = try #require(before["macs_total"] as? Int)
    #expect(old == (macs * 1000 + 999_999_999) / 1_000_000_000)
    #expect(new == (macs * 2000 + 999_999_999) / 1_000_000_000)
    // The level: greetings are logged now.
    _ = try service.child.waitForError(" client greeted ")
    let call = try #require(after["call"] as? String)
    let forgotten = try Child(
      .mete,
      ["bill", call],
      environment: ["METE_ADDRESS": service.address]
    ).finish()
    #expect(forgotten.errors.contains("unknown_call"), "\(forgotten)")
    try service.stop()
  }

  @Test(arguments: [
    ("drain_seconds: soon", "drain_seconds: expected a whole number"),
    ("engine: { rows_max: 7 }", "engine.rows_max: cannot change while the daemon runs; restart it"),
    ("nonsense: [", "meted0.yaml:"),
  ])
  func aWrongFileChangesNothing(settings: String, reason: String) throws {
    let service = try Service()
    let before = try service.bill()
    try Service.write(settings, price: 2000, in: service.folder)
    service.child.send(SIGHUP)
    try service.notify.waitFor("RELOADING=1")
    let told = try service.notify.waitFor("READY=1")
    #expect(told.contains("STATUS=reload refused: "), "\(told)")
    let line = try service.child.waitForError(" reload refused ")
    #expect(line.contains(reason), "\(line)")
    let after = try service.bill()
    #expect(after["cost_micro"] as? Int == before["cost_micro"] as? Int, "the old price")
    try service.stop()
  }

  /// A call costs what it cost when it was opened.
  @Test func aRunningCallKeepsItsPrice() throws {
    let service = try Service()
    let call = try Child(
      .mete,
      ["predict", "--json"],
      environment: ["METE_ADDRESS": service.address]
    )
    call.type("ab c")
    try call.waitForOutput("\"position\":1")
    try Service.write("", price: 1_000_000_000, in: service.folder)
    service.child.send(SIGHUP)
    _ = try service.child.waitForError(" reloaded ")
    let bill = try #require(call.finish().objects().last?["bill"] as? [String: Any])
    let macs = try #require(bill["macs_total"] as? Int)
    #expect(bill["cost_micro"] as? Int == (macs * 1000 + 999_999_999) / 1_000_000_000)
    try service.stop()
  }

  @Test func aMissingFileChangesNothing() throws {
    let service = try Service()
    try FileManager.default.removeItem(atPath: service.file)
    service.child.send(SIGHUP)
    _ = try service.child.waitForError(" reload refused ")
    #expect(try service.bill()["macs_total"] as? Int ?? 0 > 0)
    try service.stop()
  }
}
