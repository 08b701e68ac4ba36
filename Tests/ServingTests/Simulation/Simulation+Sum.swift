extension Simulation {
  /// How many seeds went.
  struct Sum {
    private(set) var seeds = 0
    private(set) var bills = 0
    private(set) var reused = 0
    private(set) var failures: [String] = []
    private var events = 0
    private var turns = 0
    private var tally: [String: Int] = [:]
    /// Of all traces, in no order: the same in every run of the same seeds.
    private var hash: UInt64 = 0

    mutating func add(_ verdicts: [Verdict]) {
      seeds += verdicts.count
      for verdict in verdicts {
        events += verdict.events
        bills += verdict.bills
        turns += verdict.turns
        reused += verdict.reused
        hash &+= verdict.hash
        tally.merge(verdict.tally, uniquingKeysWith: +)
        if let failure = verdict.failure { failures.append(failure) }
      }
    }

    func line(since started: ContinuousClock.Instant) -> String {
      let seconds = (ContinuousClock.now - started) / .seconds(1)
      return "\(seeds) seeds, \(failures.count) failed, \(Int(Double(seeds) / seconds)) seeds/s"
    }

    var details: String {
      let ends = tally.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
      return "\(events) events, \(bills) bills, \(turns) turns of the engine, "
        + "\(reused) positions reused, "
        + "traces \(String(hash, radix: 16))\nends: \(ends)"
    }
  }
}
