/// The waits between attempts: each twice as long as the one before, and half of it by chance.
///
/// The chance keeps clients that failed together from coming back together.
struct Backoff {
  private let base: Duration
  private let longest: Duration
  private var state: UInt64

  init(_ policy: RetryPolicy) {
    base = max(.zero, policy.base)
    longest = max(.zero, policy.longest)
    state = policy.seed ?? UInt64.random(in: .min ... .max)
  }

  /// Draws the wait after so many failures in a row.
  mutating func wait(after failures: Int) -> Duration {
    var whole = base
    var doublings = failures - 1
    while doublings > 0, whole > .zero, whole < longest {
      whole *= 2
      doublings -= 1
    }
    whole = min(whole, longest)
    return whole / 2 + (whole / 2) * chance()
  }

  /// A number in 0 ..< 1, by SplitMix64 (Steele, Lea and Flood, 2014).
  private mutating func chance() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((bits ^ (bits >> 31)) >> 11) / 9_007_199_254_740_992
  }
}
