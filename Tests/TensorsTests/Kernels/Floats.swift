import Support
public import Testing

@testable public import Tensors

extension KernelSet: CustomTestStringConvertible {
  /// Its name.
  public var testDescription: String { name }

  /// Those that this machine can run.
  static let here = runnable
}

/// Floats at a fixed address.
final class Floats {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  init(_ values: [Float]) {
    count = values.count
    base = .allocate(capacity: max(count, 1))
    for (i, value) in values.enumerated() { base[i] = value }
  }

  convenience init(repeating value: Float, count: Int) {
    self.init([Float](repeating: value, count: count))
  }

  deinit { base.deallocate() }

  var values: [Float] { (0 ..< count).map { base[$0] } }

  /// What is compared where results must be the same bit for bit.
  var bits: [UInt32] { (0 ..< count).map { base[$0].bitPattern } }
}

extension SplitMix64 {
  /// Numbers between −`most` and `most`.
  mutating func floats(_ count: Int, most: Float = 1) -> [Float] {
    (0 ..< count).map { _ in Float.random(in: -most ... most, using: &self) }
  }
}

/// The greatest difference, relative to the expected number or to `floor` where that is larger.
func worst(_ actual: [Float], _ expected: [Float], floor: Float) -> Float {
  precondition(actual.count == expected.count)
  return zip(actual, expected).reduce(0) { most, pair in
    let difference = abs(pair.0 - pair.1) / max(abs(pair.1), floor)
    return difference.isNaN ? .infinity : max(most, difference)
  }
}
