import Glibc
import Testing

@testable import Loop

/// Socket activation, with descriptors in a row as a manager passes them.
struct PassedSocketTests {
  private func passed(
    _ row: borrowing Row,
    _ environment: [String: String]
  ) throws(LoopError) -> [PassedSocket] {
    var variables = ["LISTEN_PID": "7", "LISTEN_FDS": "\(row.count)"]
    variables.merge(environment) { _, own in own }
    return try PassedSocket.all(in: variables, processID: 7, first: row.first)
  }

  @Test func bothKindsAreTaken() throws {
    let folder = try TemporaryFolder()
    let unix = try ListeningSocket(folder.socket(), mode: 0o600, backlog: 9)
    let tcp = try ListeningSocket(.tcp(host: "127.0.0.1", port: 0), mode: 0, backlog: 9)
    let row = Row(of: [unix.descriptor, tcp.descriptor])
    let sockets = try passed(row, ["LISTEN_FDNAMES": "unix:tcp"])
    #expect(sockets.map(\.descriptor) == [row.first, row.first + 1])
    #expect(sockets.map(\.name) == ["unix", "tcp"])
    #expect(sockets.map(\.address) == [unix.address, tcp.address])
    for socket in sockets {
      #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0, "no child inherits it")
    }
    unix.unlinkFile()
    close(unix.descriptor)
    close(tcp.descriptor)
  }

  @Test func whatIsForAnotherProcessIsLeftAlone() throws {
    #expect(try passed(Row(of: [0]), ["LISTEN_PID": "8"]).isEmpty)
    #expect(try PassedSocket.all(in: ["LISTEN_FDS": "1"], processID: 7).isEmpty)
    #expect(try PassedSocket.all(in: ["LISTEN_PID": "7"], processID: 7).isEmpty)
  }

  @Test(arguments: ["-1", "65", "two", "99999999999999999999"])
  func aCountThatMakesNoSenseIsRefused(count: String) {
    let error = #expect(throws: LoopError.self) { try passed(Row(of: []), ["LISTEN_FDS": count]) }
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
      let row = Row(of: [number])
      close(number)
      let first = row.first
      let error = #expect(throws: LoopError.self) {
        try passed(row, ["LISTEN_FDNAMES": "door"])
      }
      #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
      #expect(error?.reason.contains("descriptor \(first) (door)") == true)
    }
    #expect(throws: LoopError.self, "a descriptor that is not open") {
      try PassedSocket(descriptor: .max, name: "")
    }
  }
}

/// Copies of descriptors under numbers in a row that were free, closed at the end.
///
/// Numbers that are merely unlikely to be in use would sooner or later be another test's.
private struct Row: ~Copyable {
  let first: Int32
  let count: Int32

  init(of numbers: [Int32]) {
    var start: Int32 = 0
    var copies: [Int32] = []
    while copies.count < numbers.count {
      let copy = fcntl(numbers[copies.count], F_DUPFD, start)
      precondition(copy >= 0, "out of descriptors")
      copies.append(copy)
      start = copy + 1
      guard copy != copies[0] + Int32(copies.count) - 1 else { continue }
      for copy in copies { close(copy) }
      copies = []
    }
    first = copies.first ?? 0
    count = Int32(copies.count)
  }

  deinit { for number in first ..< first + count { close(number) } }
}
