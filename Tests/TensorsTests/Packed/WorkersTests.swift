import Glibc
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

  /// Waits for what other threads do, and not for ever.
  private func comes(_ condition: () -> Bool) -> Bool {
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end { if condition() { return true } }
    return false
  }

  @Test("Workers that sleep are woken, for a job or because one is near", arguments: [2, 4])
  func sleepersAreWoken(count: Int) {
    let workers = Workers(count: count)
    let tally = Tally(count)
    for job in 0 ..< 20 {
      #expect(comes { workers.sleepers >= count - 1 }, "idle workers sleep")
      if job % 2 == 1 {
        let before = workers.rings
        workers.wake()
        #expect(workers.rings == before + 1)
        #expect(comes { workers.sleepers >= count - 1 }, "and nothing came of it")
      }
      workers.together { worker in
        tally.counts[worker].value.add(1, ordering: .relaxed)
        // The caller takes nobody's part before he is done with his own.
        let others = tally.counts.dropFirst()
        if worker == 0 {
          let have = comes { others.allSatisfy { $0.value.load(ordering: .relaxed) == 1 } }
          #expect(have, "the others came by themselves")
        }
      }
      #expect(tally.take() == [Int](repeating: 1, count: count))
    }
  }

  @Test("An errand is run once, whoever is awake to run it", arguments: [1, 2, 4])
  func errandsAreRunOnce(count: Int) {
    let workers = Workers(count: count)
    let (tally, jobs) = (Tally(1), Tally(count))
    let own = pthread_self()
    let elsewhere = Tally(1)
    for round in 0 ..< 2_000 {
      // Workers are awake after a job; by themselves they sleep soon.
      if round % 4 != 3 {
        workers.together { jobs.counts[$0].value.add(1, ordering: .relaxed) }
        #expect(jobs.take() == [Int](repeating: 1, count: count))
      }
      if round % 100 == 50 { #expect(comes { workers.sleepers >= count - 1 }) }
      workers.send {
        tally.counts[0].value.add(1, ordering: .relaxed)
        if pthread_self() != own { elsewhere.counts[0].value.add(1, ordering: .relaxed) }
      }
      guard comes({ tally.counts[0].value.load(ordering: .relaxed) > 0 }) else {
        Issue.record("errand \(round) was lost")
        return
      }
      #expect(tally.take() == [1])
    }
    if count == 1 { #expect(elsewhere.take() == [0]) }
    // Where a processor is free for them.
    if count > 1, Workers.available > 1 {
      let someCame = comes {
        workers.together { jobs.counts[$0].value.add(1, ordering: .relaxed) }
        workers.send {
          if pthread_self() != own { elsewhere.counts[0].value.add(1, ordering: .relaxed) }
        }
        return elsewhere.counts[0].value.load(ordering: .relaxed) > 0
      }
      #expect(someCame, "who waits awake takes some")
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
