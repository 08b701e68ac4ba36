internal import Foundation

/// Random numbers from a seed, the same on every machine and in every version: what was shuffled once can be shuffled so again.
///
/// SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014. Swift's own `shuffled(using:)`
/// does not promise to draw the same numbers in every version, so drawing and shuffling are written out here.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence of `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// A number in `0 ..< bound`, each as likely; `bound` is more than 0.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a number below \(bound)")
    let range = UInt64(bound)
    // Numbers above the last whole multiple would make the small ones likelier.
    let most = UInt64.max - UInt64.max % range
    while true {
      let bits = next()
      if bits < most { return Int(bits % range) }
    }
  }

  /// A number in `0 ..< 1` with 24 random bits, each as likely.
  public mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number of the normal distribution, by the method of Box and Muller.
  public mutating func normal() -> Double {
    let (first, second) = (Double(next() >> 11) * 0x1p-53, Double(next() >> 11) * 0x1p-53)
    return (-2 * log(1 - first)).squareRoot() * cos(2 * .pi * second)
  }

  /// Puts the items into a random order, each as likely (Fisher and Yates), in O(items).
  public mutating func shuffle<Item>(_ items: inout [Item]) {
    for last in stride(from: items.count - 1, to: 0, by: -1) {
      items.swapAt(last, below(last + 1))
    }
  }

  /// The numbers `0 ..< count` in the order that belongs to `seed`.
  public static func order(count: Int, seed: UInt64) -> [Int] {
    var random = SeededRandom(seed: seed)
    var order = Array(0 ..< count)
    random.shuffle(&order)
    return order
  }
}
