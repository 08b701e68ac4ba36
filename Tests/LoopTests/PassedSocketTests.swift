import Glibc
import Testing

@testable import Loop

/// Socket activation, with descriptors moved to where a manager would put them.
@Suite(.serialized)
struct PassedSocketTests {
  /// Far from what tests that run beside this one may open.
  private static let first: Int32 = 700

  private func passed(
    _ numbers: [Int32],
    _ environment: [String: String]
  ) throws(LoopError) -> [PassedSocket] {
    for (index, number) in numbers.enumerated() { dup2(number, Self.first + Int32(index)) }
    var variables = ["LISTEN_PID": "7", "LISTEN_FDS": "\(numbers.count)"]
    variables.merge(environment) { _, own in own }
    return try PassedSocket.all(in: variables, processID: 7, first: Self.first)
  }

  @Test func bothKindsAreTaken() throws {
    let folder = try TemporaryFolder()
    let unix = try ListeningSocket(folder.socket(), mode: 0o600, backlog: 9)
    let tcp = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0), mode: 0, backlog: 9)
    let sockets = try passed([unix.descriptor, tcp.descriptor], ["LISTEN_FDNAMES": "unix:tcp"])
    #expect(sockets.map(\.descriptor) == [Self.first, Self.first + 1])
    #expect(sockets.map(\.name) == ["unix", "tcp"])
    #expect(sockets.map(\.address) == [unix.address, tcp.address])
    for socket in sockets {
      #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0, "no child inherits it")
      close(socket.descriptor)
    }
    unix.unlinkFile()
    close(unix.descriptor)
    close(tcp.descriptor)
  }

  @Test func whatIsForAnotherProcessIsLeftAlone() throws {
    #expect(try passed([0], ["LISTEN_PID": "8"]).isEmpty)
    #expect(try PassedSocket.all(in: ["LISTEN_FDS": "1"], processID: 7).isEmpty)
    #expect(try PassedSocket.all(in: ["LISTEN_PID": "7"], processID: 7).isEmpty)
    close(Self.first)
  }

  @Test(arguments: ["-1", "65", "two", "99999999999999999999"])
  func aCountThatMakesNoSenseIsRefused(count: String) {
    let error = #expect(throws: LoopError.self) { try passed([], ["LISTEN_FDS": count]) }
    #expect(error?.reason.contains("\"\(count)\"") == true)
  }

  @Test func whatDoesNotListenIsRefused() throws {
    let stream = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let datagram = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    let file = open("/dev/null", O_RDWR)
    for (number, reason) in [
      (stream, "not a listening stream socket"), (datagram, "not a listening stream socket"),
      (file, "not a socket"),
    ] {
      let error = #expect(throws: LoopError.self) {
        try passed([number], ["LISTEN_FDNAMES": "door"])
      }
      #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
      #expect(error?.reason.contains("descriptor \(Self.first) (door)") == true)
      close(number)
    }
    close(Self.first)
    #expect(throws: LoopError.self, "a descriptor that is not open") {
      try PassedSocket(descriptor: Self.first, name: "")
    }
  }
}
