import Foundation
import Testing

/// The whole of Serving and the engine, from seeds: see World.
struct SimulationTests {
  /// Seeds of `make test`; `make simulate` sets another range.
  static let first = number("METE_FIRST_SEED") ?? 0
  static let count = number("METE_SEEDS") ?? 300
  static let chunkCount = max(1, min(25, count / 2))

  private static func number(_ key: String) -> Int? {
    ProcessInfo.processInfo.environment[key].flatMap(Int.init)
  }

  @Test func everyCallEndsOnceAndTheBooksBalance() async {
    let started = ContinuousClock.now
    var sum = Simulation.Sum()
    var chunks = stride(from: Self.first, to: Self.first + Self.count, by: Self.chunkCount)
      .makeIterator()
    await withTaskGroup(of: [Simulation.Verdict].self) { group in
      func addNext() {
        guard let start = chunks.next() else { return }
        let end = min(Self.first + Self.count, start + Self.chunkCount)
        group.addTask { (start ..< end).map(Simulation.run) }
      }
      // As many as there are processors, and no more, so that progress is told while they run.
      for _ in 0 ..< ProcessInfo.processInfo.activeProcessorCount { addNext() }
      while let verdicts = await group.next() {
        addNext()
        sum.add(verdicts)
        if Self.count > 1000, sum.seeds % 500 < verdicts.count {
          print(sum.line(since: started))
        }
      }
    }
    print("simulation from \(Self.first): \(sum.line(since: started))\n\(sum.details)")
    for failure in sum.failures.prefix(5) { Issue.record("\(failure)") }
    let failedCount = sum.failures.count
    #expect(failedCount == 0)
    #expect(sum.reused > 0 || Self.count < 100, "prompts begin alike")
    #expect(sum.bills > sum.seeds || Self.count < 10, "the worlds are not empty")
  }

  @Test(arguments: [first, first + 1, first + 2, first + 3])
  func theSameSeedIsTheSameWorld(seed: Int) {
    let once = Simulation.run(seed)
    #expect(once.hash == Simulation.run(seed).hash)
    #expect(once.hash != Simulation.run(seed + 1).hash)
  }
}
