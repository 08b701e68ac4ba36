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
    var (done, events, bills, turns) = (0, 0, 0, 0)
    var tally: [String: Int] = [:]
    var failures: [String] = []
    await withTaskGroup(of: [Simulation.Verdict].self) { group in
      let ends = Self.first + Self.count
      for start in stride(from: Self.first, to: ends, by: Self.chunkCount) {
        group.addTask { (start ..< min(ends, start + Self.chunkCount)).map(Simulation.run) }
      }
      for await verdicts in group {
        done += verdicts.count
        for verdict in verdicts {
          events += verdict.events
          bills += verdict.bills
          turns += verdict.turns
          tally.merge(verdict.tally, uniquingKeysWith: +)
          if let failure = verdict.failure { failures.append(failure) }
        }
        if Self.count > 1000, done % 500 < Self.chunkCount {
          let seconds = (ContinuousClock.now - started) / .seconds(1)
          print("\(done) seeds, \(failures.count) failed, \(Int(Double(done) / seconds)) seeds/s")
        }
      }
    }
    let seconds = (ContinuousClock.now - started) / .seconds(1)
    print(
      "simulation: \(done) seeds from \(Self.first), \(events) events, \(bills) bills, "
        + "\(turns) turns of the engine, \(Int(Double(done) / seconds)) seeds/s"
    )
    let ends = tally.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    print("simulation: ends \(ends.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
    for failure in failures.prefix(5) { Issue.record("\(failure)") }
    let failedCount = failures.count
    #expect(failedCount == 0)
    #expect(bills > done, "the worlds are not empty")
  }

  @Test(arguments: [first, first + 1, first + 2, first + 3])
  func theSameSeedIsTheSameWorld(seed: Int) {
    let once = Simulation.run(seed)
    #expect(once.hash == Simulation.run(seed).hash)
    #expect(once.hash != Simulation.run(seed + 1).hash)
  }
}
