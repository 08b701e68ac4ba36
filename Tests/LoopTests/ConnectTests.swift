import Glibc
import Testing

@testable import Loop

struct ConnectTests {
  private func outcome(of address: Address, within limit: Duration = .seconds(30)) throws
    -> Result<Connection, LoopError>?
  {
    var outcome: Result<Connection, LoopError>?
    try onLoop { loop in
      var isInside = true
      Connection.connect(to: address, on: loop, within: limit) { result in
        #expect(!isInside, "the completion must not run inside the call")
        #expect(outcome == nil)
        outcome = result
        loop.stop()
      }
      isInside = false
    }
    return outcome
  }

  private func error(of address: Address) throws -> LoopError? {
    guard case .failure(let error) = try outcome(of: address) else { return nil }
    return error
  }

  @Test func aMissingSocketIsNoSuchFile() throws {
    let folder = try TemporaryFolder()
    #expect(try error(of: folder.socket())?.code == .noSuchFile)
  }

  @Test func anOverlongPathIsRefusedAndNotCut() throws {
    let path = "/tmp/" + String(repeating: "x", count: 103)
    #expect(try error(of: .unix(path: path))?.code == .nameTooLong)
    #expect(try error(of: .unix(path: ""))?.code == .invalidArgument)
  }

  @Test func aDeadPortRefuses() throws {
    // Bound and not listening: nobody else can take the port meanwhile.
    let bound = try RawSocket(boundTo: .tcp(host: "127.0.0.1", port: 0))
    defer { bound.close() }
    let address = try #require(try SocketAddress(boundTo: bound.number).address)
    let found = try #require(try error(of: address))
    #expect(found.code == .connectionRefused)
    #expect(found.description.contains("ECONNREFUSED"))
    #expect(found.description.contains("\(address)"))
  }

  @Test func everyAddressOfAHostIsTried() throws {
    try onLoop { loop in
      let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop) { _ in }
      guard case .tcp(_, let port) = listener.address else { return loop.stop() }
      // Where localhost is ::1 first, the second address must be tried.
      Connection.connect(to: .tcp(host: "localhost", port: port), on: loop) { result in
        #expect(throws: Never.self) { try result.get() }
        loop.stop()
      }
    }
  }

  @Test func aFullBacklogIsWaitedForUntilTheLimit() throws {
    let folder = try TemporaryFolder()
    let server = try RawSocket(boundTo: folder.socket())
    defer { server.close() }
    listen(server.number, 0)
    let first = try RawSocket(connectedTo: folder.socket())
    defer { first.close() }
    var codes: [LoopError.Code] = []
    try onLoop { loop in
      Connection.connect(to: folder.socket(), on: loop, within: .milliseconds(30)) { result in
        if case .failure(let error) = result { codes.append(error.code) }
        loop.stop()
      }
    }
    #expect(codes == [.timedOut])
  }

  @Test(arguments: [Address.unix(path: "/tmp/none"), .tcp(host: "127.0.0.1", port: 1)])
  func closingTheLoopAnswersThoseWhoWait(to address: Address) throws {
    let loop = try EventLoop()
    var codes: [LoopError.Code] = []
    Connection.connect(to: address, on: loop) { result in
      if case .failure(let error) = result { codes.append(error.code) }
    }
    loop.close()
    #expect(codes == [.cancelled])
  }
}
