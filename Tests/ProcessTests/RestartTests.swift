import Foundation
import Support
import Testing

@testable import Wire

/// One daemon goes and the next comes, while the sockets stay open and clients keep coming.
@Suite(.serialized)
struct RestartTests {
  @Test func aRestartUnderLoadTurnsNobodyAway() throws {
    let folder = try TemporaryFolder()
    let doors = [try Door(.unix("\(folder.path)/passed")), try Door(.loopback(port: 0))]
    let names = doors.map(\.name)
    let first = try Service("drain_seconds: 0", doors: doors, names: "unix:tcp", folder: folder)
    let old = try (names + names + names).map { name in
      let peer = try BlockingPeer(name)
      let params = [Value.Entry("max_tokens", 190_000), Value.Entry("ignore_eos", .bool(true))]
      try peer.call("Generate", params, text: "abc")
      try peer.read("token") { $0.messagesCount > 0 }
      return peer
    }
    let crowd = Crowd(names)
    try crowd.waitForGreetings(10)

    first.child.send(SIGTERM)
    for peer in old {
      try peer.read("bill and GOAWAY") { $0.bill != nil && $0.farewell != nil }
      #expect(peer.farewell?.hasSuffix("the server is going away") == true)
      #expect(peer.end?.detail == "draining" && peer.bill?.status == .unavailable)
    }
    let ended = try first.child.finish()
    #expect(ended.code == 0, "\(ended)")
    let macs = old.reduce(0) { $0 + ($1.bill?.macsTotal ?? 0) }
    #expect(macs > 0)
    #expect(ended.errors.contains("the books balance"), "\(ended)")
    #expect(ended.errors.contains("macs_billed=\(macs) macs_counted=\(macs)"), "\(ended)")

    // Nobody serves now, and whoever comes waits.
    let between = try names.map { name in
      let peer = try BlockingPeer(name)
      try peer.call("Generate", [Value.Entry("max_tokens", 3)], text: "abc")
      return peer
    }
    let second = try Service(doors: doors, names: "unix:tcp", folder: folder, number: 1)
    for peer in between {
      try peer.read("bill") { $0.bill != nil }
      #expect(peer.end?.status == .ok && (peer.bill?.macsTotal ?? 0) > 0)
    }
    try crowd.waitForGreetings(10)
    #expect(try crowd.disperse() == [])
    try second.stop()
  }
}
