import Foundation
import Support
import Testing

/// Sockets that a supervisor passes.
@Suite(.serialized)
struct ActivationTests {
  @Test func passedSocketsReplaceTheConfiguredOnes() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/passed"
    let doors = [try Door(.unix(path)), try Door(.loopback(port: 0))]
    let service = try Service(doors: doors, names: "unix:tcp", folder: folder)
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/s0"), "the configured one")
    let ready = try service.child.waitForError(" ready listen=")
    #expect(ready.contains("unix:\(path)") && ready.contains("127.0.0.1:"), "\(ready)")
    let local = try service.bill(address: doors[0].name.description)
    #expect(local["tenant"] as? String == "uid:\(getuid())")
    let remote = try service.bill(address: doors[1].name.description)
    #expect(remote["tenant"] as? String == "lab", "as configured for TCP")
    try service.stop()
    #expect(FileManager.default.fileExists(atPath: path), "it is not ours to remove")
  }

  /// Without names, or with names of units, the socket's own kind decides; what is not passed is bound.
  @Test func oneKindCanBePassedAlone() throws {
    let folder = try TemporaryFolder()
    let door = try Door(.loopback(port: 0))
    let service = try Service(doors: [door], names: "meted-tcp.socket", folder: folder)
    #expect(try service.bill()["tenant"] as? String == "uid:\(getuid())", "bound by itself")
    #expect(try service.bill(address: door.name.description)["tenant"] as? String == "lab")
    try service.stop()
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/s0"), "its own, and removed")
  }

  @Test func aPassedSocketNeedsNoConfiguredOne() throws {
    let folder = try TemporaryFolder()
    let door = try Door(.unix("\(folder.path)/passed"))
    let model = try TinyModel.language(in: folder)
    let child = try Child(
      .meted,
      ["--no-unix", "--model", "letters=\(model)"],
      sockets: [door.number]
    )
    _ = try child.waitForError(" ready listen=")
    child.send(SIGTERM)
    #expect(try child.finish().code == 0)
    withExtendedLifetime(door) {}
  }

  enum Wrong: CaseIterable { case file, datagram, silent, misnamed }

  @Test(arguments: Wrong.allCases)
  func aWrongDescriptorIsRefusedWithItsReason(wrong: Wrong) throws {
    let folder = try TemporaryFolder()
    let name = SocketName.unix("\(folder.path)/passed")
    var door: Door?
    var number: Int32 = -1
    switch wrong {
    case .file: number = open("/dev/null", O_RDWR)
    case .datagram: door = try Door(name, type: SOCK_DGRAM, listens: false)
    case .silent: door = try Door(name, listens: false)
    case .misnamed: door = try Door(name)
    }
    let model = try TinyModel.language(in: folder)
    let ended = try Child(
      .meted,
      ["--model", "letters=\(model)", "--unix", "\(folder.path)/own"],
      environment: ["LISTEN_FDNAMES": wrong == .misnamed ? "tcp" : "unix"],
      sockets: [door?.number ?? number]
    ).finish()
    withExtendedLifetime(door) {}
    if number >= 0 { close(number) }
    let reason =
      switch wrong {
      case .file: "descriptor 3 (unix) that was passed is not a socket"
      case .datagram, .silent:
        "descriptor 3 (unix) that was passed is not a listening stream socket"
      case .misnamed: "descriptor 3 is named tcp, and is bound to unix:"
      }
    #expect(ended.code == 1, "\(ended)")
    #expect(ended.errors.contains("cannot serve") && ended.errors.contains(reason), "\(ended)")
  }
}
