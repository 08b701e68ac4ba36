import Support
import Synchronization
import Testing

@testable import Tensors

/// Work is done once, whoever does it: with many more workers than CPUs most are late, and the caller takes their parts.
struct WorkersTests {
  /// Counts that many may raise at once.
  final class Tally: Sendable {
    let counts: [Atomic64]

    init(_ count: Int) { counts = (0 ..< count).map { _ in Atomic64() } }

    /// What was counted since the last look.
    func take() -> [Int] { counts.map { $0.value.exchange(0, ordering: .relaxed) } }
  }

  final class Atomic64: Sendable {
    let value = Atomic(0)
  }

  @Test(arguments: [1, 2, 7])
  func everyPartIsDoneOnce(count: Int) {
    let workers = Workers(count: count)
    let tally = Tally(count)
    for job in 0 ..< 3_000 {
      workers.together { worker in
        tally.counts[worker].value.add(1, ordering: .relaxed)
        // Some parts are long enough for others to be late.
        if job % 50 == worker {
          for _ in 0 ..< 20_000 { tally.counts[worker].value.add(0, ordering: .relaxed) }
        }
      }
      let done = tally.take()
      guard done == [Int](repeating: 1, count: count) else {
        Issue.record("job \(job): \(done)")
        return
      }
    }
  }

  @Test(
    "Workers that sleep, were woken for nothing, or are just being woken do their parts once",
    arguments: [2, 7]
  )
  func sleepersAreWoken(count: Int) {
    let workers = Workers(count: count)
    let tally = Tally(count)
    for job in 0 ..< 300 {
      // Longer than a worker spins in two of three.
      let end = ContinuousClock.now + .microseconds(job % 3 * 150)
      while ContinuousClock.now < end {}
      for _ in 0 ..< job % 4 { workers.wake() }
      workers.together { worker in tally.counts[worker].value.add(1, ordering: .relaxed) }
      let done = tally.take()
      guard done == [Int](repeating: 1, count: count) else {
        Issue.record("job \(job): \(done)")
        return
      }
    }
  }

  @Test(arguments: [1, 2, 7])
  func everyItemIsDealtOnce(count: Int) {
    let workers = Workers(count: count)
    for items in [0, 1, 2, 5, 40] {
      let (tally, busy) = (Tally(items), Tally(count))
      for _ in 0 ..< 400 {
        workers.deal(items) { worker, item in
          // What belongs to a worker is never used by two threads at once.
          let before = busy.counts[worker].value.add(1, ordering: .relaxed).oldValue
          if before != 0 { Issue.record("worker \(worker) is two") }
          tally.counts[item].value.add(1, ordering: .relaxed)
          busy.counts[worker].value.subtract(1, ordering: .relaxed)
        }
        let done = tally.take()
        guard done == [Int](repeating: 1, count: items) else {
          Issue.record("\(items) items: \(done)")
          return
        }
      }
    }
  }
}
