import Glibc
import Synchronization
import Testing

@testable import Loop

struct WorkerThreadTests {
  @Test func joinWaitsForTheEnd() {
    let steps = Mutex(0)
    let worker = WorkerThread(named: "a name that is longer than fifteen bytes") {
      for _ in 0 ..< 1000 { steps.withLock { $0 += 1 } }
    }
    worker.join()
    worker.join()
    #expect(steps.withLock { $0 } == 1000)
  }

  @Test func theThreadCarriesItsName() {
    let name = Mutex("")
    WorkerThread(named: "mete-engine") {
      let file = open("/proc/thread-self/comm", O_RDONLY)
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = read(file, &bytes, bytes.count)
      close(file)
      name.withLock { $0 = String(decoding: bytes[..<max(0, count)], as: UTF8.self) }
    }.join()
    #expect(name.withLock { $0 } == "mete-engine\n")
  }

  @Test func aThreadNobodyJoinsStillRunsToItsEnd() {
    let queue = WorkQueue<Int>(offersMax: 1)
    _ = WorkerThread(named: "loner") { _ = queue.offer(7) }
    #expect(queue.take(waiting: true) == [7])
  }
}
