/// Counts what happens within any one second, up to a limit.
struct Rate {
  private let max: Int
  /// When the last happened; those that were taken, oldest first, in a ring.
  private var times: [Duration] = []
  private var oldest = 0

  init(max: Int) { self.max = max }

  /// Takes one more at `now`; false if that would be more than the limit within the last second.
  mutating func take(at now: Duration) -> Bool {
    guard max > 0 else { return false }
    if times.count < max {
      times.append(now)
      return true
    }
    guard now - times[oldest] >= .seconds(1) else { return false }
    times[oldest] = now
    oldest = (oldest + 1) % max
    return true
  }
}
