import CKernels
import Support
import Testing

/// One of the instruction sets that the kernels are compiled for.
struct KernelSet: Sendable, CustomTestStringConvertible {
  let index: Int

  var table: OpaquePointer { ck_kernels_at(index) }
  var testDescription: String { String(cString: ck_kernels_name(table)) }

  /// Those that this machine can run.
  static let here = (0 ..< ck_kernels_count()).map(KernelSet.init).filter {
    ck_kernels_run_here($0.table)
  }
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
