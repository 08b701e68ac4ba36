/// What a step of one model takes on this machine, learned from the steps that ran.
///
/// A step is taken to need a fixed time, in which weights are read, and a time for every multiply-accumulate
/// of its rows, be they of prompts or of running answers: a line through the last steps, of which each counts
/// for less with every later one, so that it follows a machine that slows down. Only durations go in: with a
/// clock that stands still everything is free, and nothing starves.
struct StepCost: Sendable, Equatable {
  /// Rows of prompts that a step may always take: prefill goes on however slow the machine is.
  static let rowsMin = 8
  /// What is left of a step's weight after the next one.
  private static let memory = 0.8
  /// Steps must differ by this share of their mean before they say anything about the slope.
  private static let spreadMin = 0.1

  /// Decayed: steps, their means, and the sums of squared and of mixed deviations from them.
  private var weight = 0.0
  private var meanMACs = 0.0
  private var meanSeconds = 0.0
  private var squares = 0.0
  private var products = 0.0
  /// Seconds for one multiply-accumulate; nil before steps of different size were seen.
  private(set) var secondsPerMAC: Double?

  /// Notes a step.
  ///
  /// - Parameters:
  ///   - macs: work on all of its rows.
  ///   - time: what it took.
  mutating func learn(macs: Int, took time: Duration) {
    let (macs, seconds) = (Double(macs), time / .seconds(1))
    let old = Self.memory * weight
    weight = old + 1
    let (away, late) = (macs - meanMACs, seconds - meanSeconds)
    meanMACs += away / weight
    meanSeconds += late / weight
    squares = Self.memory * squares + away * away * old / weight
    products = Self.memory * products + away * late * old / weight
    let spread = Self.spreadMin * meanMACs
    if squares > weight * spread * spread {
      secondsPerMAC = max(0, products / squares)
    }
    // No step takes less than nothing.
    if let rate = secondsPerMAC, rate * meanMACs > meanSeconds {
      secondsPerMAC = meanSeconds / meanMACs
    }
  }

  /// Seconds of a step.
  private func seconds(of macs: Double, at rate: Double) -> Double {
    meanSeconds + rate * (macs - meanMACs)
  }

  /// Seconds that a step of some work takes; nil before any step.
  func seconds(forMACs macs: Int) -> Double? {
    guard meanMACs > 0 else { return nil }
    guard let rate = secondsPerMAC else { return meanSeconds / meanMACs * Double(macs) }
    return seconds(of: Double(macs), at: rate)
  }

  /// Multiply-accumulates on rows of prompts that a step has time for, beside running answers.
  ///
  /// When the answers alone take most of the limit, prompts may take as long again: with many answers running,
  /// new ones would otherwise wait until they end.
  ///
  /// - Parameters:
  ///   - decoding: work on the rows of running answers.
  ///   - limit: what the step should take at most.
  /// - Returns: none before anything was measured, which leaves `rowsMin` rows.
  func promptMACsMax(beside decoding: Int, within limit: Duration) -> Int {
    guard let rate = secondsPerMAC else { return 0 }
    let taken = seconds(of: Double(decoding), at: rate)
    let left = max(limit / .seconds(1) - taken, taken)
    guard left > 0 || rate == 0 else { return 0 }
    let most = rate > 0 ? left / rate : .infinity
    return most < 1e18 ? Int(most) : .max
  }
}
