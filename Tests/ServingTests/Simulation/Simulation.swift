import Glibc
import Synchronization

@testable import Inference
@testable import Serving

/// Runs seeds, tells how they went, and names the one that failed.
enum Simulation {
  /// How a seed went.
  struct Verdict: Sendable {
    let seed: Int
    let hash: UInt64
    let events: Int
    let bills: Int
    let turns: Int
    let tally: [String: Int]
    let reused: Int
    /// What was wrong, with the tail of the trace and the command that replays it; nil if nothing was.
    let failure: String?
  }

  static func run(_ seed: Int) -> Verdict {
    Witness.enter(seed)
    defer { Witness.leave(seed) }
    let world = World(seed: seed)
    world.run()
    let failure = world.complaints.first.map { first in
      """
      seed \(seed): \(first)\(world.complaints.count > 1 ? ", and \(world.complaints.count - 1) more" : "")
      replay it with: make simulate SEEDS=1 FIRST=\(seed)
      its last steps (time, what, who, number):
      \(world.trace.tail)
      """
    }
    return Verdict(
      seed: seed,
      hash: world.trace.hash,
      events: world.trace.count,
      bills: world.exchange.ledger.billsCount,
      turns: world.desk.turnsCount,
      tally: world.tally,
      reused: world.desk.engine.counters.tokensReused,
      failure: failure
    )
  }
}

/// Knows which seeds run, so that a trap deep inside the product names its seed too.
enum Witness {
  private static let seeds: Mutex<Set<Int>> = {
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT] { signal(number, tell) }
    return Mutex([])
  }()

  static func enter(_ seed: Int) { seeds.withLock { _ = $0.insert(seed) } }

  static func leave(_ seed: Int) { seeds.withLock { _ = $0.remove(seed) } }

  private static let tell: @convention(c) (Int32) -> Void = { number in
    signal(number, SIG_DFL)
    for seed in seeds.withLockIfAvailable({ $0 }) ?? [] {
      let line = Array("trapped while this ran: make simulate SEEDS=1 FIRST=\(seed)\n".utf8)
      _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
    raise(number)
  }
}
