/// What a step of one model takes on this machine, learned from the steps that ran.
///
/// A step is taken to need the time of its decode rows, plus a time for every multiply-accumulate of its
/// prompts' rows. Both are averages in which a step counts for less with every later one, so that they
/// follow a machine that slows down. Only durations go in: with a clock that stands still everything
/// is free, and nothing starves.
struct StepCost: Sendable, Equatable {
  /// Rows of prompts that a step may always take: prefill goes on however slow the machine is.
  static let rowsMin = 8
  /// What is left of a step's weight in the averages after the next one.
  private static let memory = 0.8

  /// Seconds of a step without prompts; nil before the first.
  private(set) var decoding: Double?
  /// Decayed sums over steps with prompts, so that a step weighs as much as it has rows.
  private var seconds = 0.0
  private var macs = 0.0

  /// Seconds for one multiply-accumulate of a prompt's row; nil before the first.
  var secondsPerMAC: Double? { macs > 0 ? seconds / macs : nil }

  /// Notes a step.
  ///
  /// - Parameters:
  ///   - promptMACs: work on rows of prompts.
  ///   - decodes: whether rows of running answers were beside them.
  ///   - time: what the step took.
  mutating func learn(promptMACs: Int, decodes: Bool, took time: Duration) {
    let time = time / .seconds(1)
    guard promptMACs > 0 else {
      decoding = decoding.map { Self.memory * $0 + (1 - Self.memory) * time } ?? time
      return
    }
    let beside = decodes ? decoding ?? 0 : 0
    seconds = Self.memory * seconds + max(0, time - beside)
    macs = Self.memory * macs + Double(promptMACs)
  }

  /// Multiply-accumulates on rows of prompts that a step has time for, beside running answers.
  ///
  /// - Parameter limit: what the step should take at most.
  /// - Returns: none before anything was measured, which leaves `rowsMin` rows.
  func promptMACsMax(within limit: Duration) -> Int {
    guard let rate = secondsPerMAC else { return 0 }
    let left = limit / .seconds(1) - (decoding ?? 0)
    guard left > 0 else { return 0 }
    let most = rate > 0 ? left / rate : .infinity
    return most < 1e18 ? Int(most) : .max
  }
}
