import Glibc
import Support
import Testing

@testable import Loop

struct ConnectionTests {
  @Test(arguments: Transport.allCases)
  func whatIsSentComesBack(over transport: Transport) throws {
    let folder = try TemporaryFolder()
    let message = (0 ..< 300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var received: [UInt8] = []
    try onLoop { loop in
      let listener = try Listener(transport.address(in: folder), on: loop) { echo in
        echo.onBytes = { echo.write($0) }
        echo.onEnd = { _ in echo.finish(within: .seconds(30)) }
      }
      Connection.connect(to: listener.address, on: loop) { result in
        guard case .success(let client) = result else { return loop.stop() }
        client.onBytes = { received += $0 }
        client.onEnd = { error in
          #expect(error == nil)
          client.close()
        }
        client.onClose = { loop.stop() }
        client.write(message)
        client.halfClose()
      }
    }
    #expect(received == message)
  }

  @Test(arguments: Transport.allCases)
  func halfCloseLeavesTheOtherDirectionOpen(over transport: Transport) throws {
    let folder = try TemporaryFolder()
    var received: [UInt8] = []
    var clientEnds = 0
    try onLoop { loop in
      let listener = try Listener(transport.address(in: folder), on: loop) { server in
        server.onEnd = { error in
          #expect(error == nil)
          // The end of one direction was heard, and the other still carries bytes, a turn later.
          Timer.once(on: loop, after: .zero) {
            server.write([1, 2, 3])
            server.finish(within: .seconds(30))
          }
        }
      }
      Connection.connect(to: listener.address, on: loop) { result in
        guard case .success(let client) = result else { return loop.stop() }
        client.onBytes = { received += $0 }
        client.onEnd = { _ in
          clientEnds += 1
          client.close()
        }
        client.onClose = { loop.stop() }
        client.halfClose()
        client.write([9])
      }
    }
    #expect(received == [1, 2, 3])
    #expect(clientEnds == 1)
  }

  @Test(arguments: Transport.allCases)
  func aSlowReaderIsSeenInTheQueueAndDrainsInOrder(over transport: Transport) throws {
    let folder = try TemporaryFolder()
    let pieceBytes = 65_536
    let highMark = 1_000_000
    let total = 24_000_000
    var queuedMost = 0
    var drains = 0
    var sent = 0
    var received = 0
    var isInOrder = true
    try onLoop { loop in
      func pump(_ server: Connection) {
        while sent < total, server.queuedBytes < highMark {
          server.write(
            [UInt8](repeating: UInt8(truncatingIfNeeded: sent / pieceBytes), count: pieceBytes)
          )
          sent += pieceBytes
          queuedMost = max(queuedMost, server.queuedBytes)
        }
        if sent >= total { server.finish(within: .seconds(60)) }
      }
      let listener = try Listener(transport.address(in: folder), on: loop) { server in
        server.drainMark = 100_000
        server.onDrained = {
          drains += 1
          #expect(server.queuedBytes <= 100_000)
          pump(server)
        }
        pump(server)
      }
      Connection.connect(to: listener.address, on: loop) { result in
        guard case .success(let client) = result else { return loop.stop() }
        client.pauseReading()
        Timer.once(on: loop, after: .milliseconds(20)) {
          #expect(sent < total, "a reader that does not read must hold the writer up")
          #expect(received == 0)
          client.resumeReading()
        }
        client.onBytes = { bytes in
          for byte in bytes {
            if byte != UInt8(truncatingIfNeeded: received / pieceBytes) { isInOrder = false }
            received += 1
          }
        }
        client.onEnd = { _ in client.close() }
        client.onClose = { loop.stop() }
      }
    }
    #expect(received == sent)
    #expect(isInOrder)
    #expect(drains > 1)
    #expect(queuedMost < highMark + pieceBytes)
  }

  @Test(arguments: Transport.allCases)
  func aPeerThatIsKilledEndsTheConnectionWithItsError(over transport: Transport) throws {
    let folder = try TemporaryFolder()
    var ends: [LoopError?] = []
    var closes = 0
    try onLoop { loop in
      let listener = try Listener(transport.address(in: folder), on: loop) { server in
        server.onBytes = { _ in server.write([UInt8](repeating: 0, count: 100_000)) }
        server.onEnd = { ends.append($0) }
        server.onClose = {
          closes += 1
          loop.stop()
        }
      }
      let peer = try RawSocket(connectedTo: listener.address)
      peer.resetOnClose()
      peer.send([1])
      // Its answer arrives unread, so that closing is a reset on both transports.
      var bytes: [UInt8] = [0]
      weak var ticks: Timer?
      let timer = Timer(on: loop) {
        // The server shares this thread, so waiting for it here would wait for ever.
        if recv(peer.number, &bytes, 1, Int32(MSG_DONTWAIT)) == 1 { peer.close() }
        if peer.isClosed { ticks?.close() }
      }
      ticks = timer
      timer.start(after: .milliseconds(5), every: .milliseconds(5))
    }
    #expect(ends.count == 1)
    #expect(ends.first??.code == .connectionReset || ends.first??.code == .brokenPipe)
    #expect(closes == 1)
  }

  @Test func writingToAPeerThatIsGoneNeverKillsTheProcess() throws {
    let folder = try TemporaryFolder()
    var errors: [LoopError] = []
    var endsBefore = 0
    try onLoop { loop in
      let listener = try Listener(folder.socket(), on: loop) { server in
        server.onEnd = { error in
          if let error { errors.append(error) } else { endsBefore += 1 }
          for _ in 0 ..< 10 { server.write([UInt8](repeating: 7, count: 10_000)) }
        }
        // The write fails after the end was told, so only the close is left to tell it.
        server.onClose = { loop.stop() }
      }
      try RawSocket(connectedTo: listener.address).close()
    }
    #expect(endsBefore == 1)
    #expect(errors.isEmpty)
  }

  @Test func aUnixPeerHasAUserAndATCPPeerAnAddress() throws {
    let folder = try TemporaryFolder()
    var peers: [(UInt32?, String)] = []
    try onLoop { loop in
      var addresses: [Address] = []
      for address in Transport.allCases.map({ $0.address(in: folder) }) {
        let listener = try Listener(address, on: loop) { server in
          peers.append((server.peerUserID, server.remoteDescription))
          if peers.count == 2 { loop.stop() }
        }
        addresses.append(listener.address)
      }
      for address in addresses {
        Connection.connect(to: address, on: loop) { _ in }
      }
    }
    let unix = try #require(peers.first { $0.0 != nil })
    let tcp = try #require(peers.first { $0.0 == nil })
    #expect(unix.0 == getuid())
    #expect(unix.1 == "unix uid \(getuid()) pid \(getpid())")
    #expect(tcp.1.hasPrefix("127.0.0.1:"))
  }

  @Test func closingTellsOnlyTheClose() throws {
    let folder = try TemporaryFolder()
    var heard: [String] = []
    try onLoop { loop in
      let listener = try Listener(folder.socket(), on: loop) { server in
        server.onBytes = { _ in
          server.onBytes = { _ in heard.append("bytes") }
          server.onEnd = { _ in heard.append("end") }
          server.onDrained = { heard.append("drained") }
          server.onClose = {
            heard.append("close")
            loop.stop()
          }
          server.write([UInt8](repeating: 0, count: 10_000_000))
          #expect(server.queuedBytes > 0)
          server.close()
          server.close()
          server.write([1])
          server.halfClose()
          server.finish(within: .seconds(1))
          server.resumeReading()
          server.pauseReading()
          #expect(server.isClosed)
          #expect(server.queuedBytes == 0)
        }
      }
      Connection.connect(to: listener.address, on: loop) { result in
        guard case .success(let client) = result else { return loop.stop() }
        client.write([1])
      }
    }
    #expect(heard == ["close"])
  }

  @Test func closedConnectionsGiveTheirMemoryBack() throws {
    let folder = try TemporaryFolder()
    weak var server: Connection?
    weak var client: Connection?
    var closes = 0
    try onLoop { loop in
      let listener = try Listener(folder.socket(), on: loop) { accepted in
        server = accepted
        accepted.onEnd = { _ in accepted.close() }
        accepted.onClose = { closes += 1 }
      }
      Connection.connect(to: listener.address, on: loop) { result in
        guard case .success(let connected) = result else { return loop.stop() }
        client = connected
        connected.onEnd = { _ in connected.write([1]) }
        connected.onClose = { closes += 1 }
        Timer.once(on: loop, after: .zero) {
          connected.close()
          Timer.once(on: loop, after: .milliseconds(5)) { loop.stop() }
        }
      }
    }
    #expect(closes == 2)
    #expect(server == nil)
    #expect(client == nil)
  }

  @Test func finishClosesAtItsLimitWhenThePeerNeverReads() throws {
    let folder = try TemporaryFolder()
    var closes = 0
    var peer: RawSocket?
    try onLoop { loop in
      let listener = try Listener(folder.socket(), on: loop) { server in
        server.write([UInt8](repeating: 0, count: 10_000_000))
        server.onClose = {
          closes += 1
          loop.stop()
        }
        server.finish(within: .milliseconds(20))
      }
      peer = try RawSocket(connectedTo: listener.address)
    }
    #expect(closes == 1)
    _ = peer
  }

  @Test func finishWaitsForThePeerToCloseOnlyAsLongAsItMay() throws {
    let folder = try TemporaryFolder()
    var closes = 0
    var peer: RawSocket?
    try onLoop { loop in
      let started = loop.now
      let listener = try Listener(folder.socket(), on: loop) { server in
        server.write([1, 2, 3])
        server.onClose = {
          closes += 1
          #expect(loop.now - started < .seconds(60))
          loop.stop()
        }
        server.finish(within: .seconds(3600), lingering: .milliseconds(20))
      }
      peer = try RawSocket(connectedTo: listener.address)
    }
    #expect(closes == 1)
    _ = peer
  }
}
