import Glibc
import Testing

@testable import Loop

struct EventLoopTests {
  @Test func anEmptyLoopReturnsAtOnce() throws {
    let loop = try EventLoop()
    loop.run()
    loop.close()
    loop.close()
  }

  @Test func theClockNeverGoesBack() throws {
    let loop = try EventLoop()
    var last = loop.now
    for _ in 0 ..< 1000 {
      let next = loop.now
      #expect(next >= last)
      last = next
    }
    #expect(last > .zero)
  }

  @Test func closingReachesEverythingThatIsOpen() throws {
    let folder = try TemporaryFolder()
    let loop = try EventLoop()
    weak var timer: Timer?
    weak var listener: Listener?
    var closed = 0
    do {
      let repeating = Timer(on: loop) {}
      repeating.start(after: .zero, every: .milliseconds(1))
      timer = repeating
      let opened = try Listener(folder.socket(), on: loop) { server in
        server.onClose = { closed += 1 }
      }
      listener = opened
      Connection.connect(to: folder.socket(), on: loop) { result in
        guard case .success(let client) = result else { return loop.stop() }
        client.onClose = { closed += 1 }
        Timer.once(on: loop, after: .milliseconds(5)) { loop.stop() }
      }
    }
    loop.run()
    #expect(timer != nil)
    #expect(listener != nil)
    loop.close()
    #expect(closed == 2)
    #expect(timer == nil)
    #expect(listener == nil)
  }

  @Test func stopEndsTheTurnAndTheLoopRunsAgain() throws {
    let loop = try EventLoop()
    var count = 0
    let timer = Timer(on: loop) {
      count += 1
      loop.stop()
    }
    timer.start(after: .zero, every: .milliseconds(1))
    loop.run()
    loop.run()
    #expect(count == 2)
    loop.close()
  }

  #if DEBUG
    @Test func anotherThreadsCallTraps() async {
      await #expect(processExitsWith: .failure) {
        let loop = try EventLoop()
        nonisolated(unsafe) let smuggled = loop
        WorkerThread(named: "thief") { smuggled.stop() }.join()
      }
    }
  #endif

  @Test func aDeadPeerDoesNotRaiseSIGPIPE() async {
    await #expect(processExitsWith: .success) {
      let loop = try EventLoop()
      var ends = [Int32](repeating: 0, count: 2)
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
      close(ends[1])
      precondition(write(ends[0], [1], 1) == -1 && errno == EPIPE)
      loop.close()
    }
  }
}
