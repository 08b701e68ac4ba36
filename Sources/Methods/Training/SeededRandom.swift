import Foundation

/// Random numbers that are the same for ever for a seed: SplitMix64.
///
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  /// Where it is; starting another one from here goes on as this one would.
  public private(set) var state: UInt64

  /// A sequence from its seed.
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number of 0 ..< 1.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number of the normal distribution, by the method of Box and Muller.
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// The numbers `0 ..< count` in random order: Fisher and Yates' shuffle.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0 ..< count)
    var last = count - 1
    while last > 0 {
      // The remainder is not quite even; for fewer than 2^32 numbers nobody can tell.
      order.swapAt(last, Int(next() % UInt64(last + 1)))
      last -= 1
    }
    return order
  }
}
