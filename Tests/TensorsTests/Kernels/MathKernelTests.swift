import CKernels
import Foundation
import Support
import Testing

@testable import Tensors

/// The vectorised functions are as exact as the layers around them need, at every input.
struct MathKernelTests {
  typealias Function = (OpaquePointer, UnsafeMutablePointer<Float>, Int) -> Void

  /// What a function gave, and the double that it should have given.
  struct Point: Equatable {
    let x, actual: Float
    let expected: Double

    func isWithin(relative: Double, absolute: Double = 0) -> Bool {
      abs(Double(actual) - expected) <= abs(expected) * relative + absolute
    }
  }

  private func points(
    _ set: KernelSet,
    from first: Float,
    through last: Float,
    _ function: Function,
    _ exact: (Double) -> Double
  ) -> [Point] {
    let inputs = Array(stride(from: first, through: last, by: (last - first) / 30_000))
    let buffer = Floats(inputs)
    function(set.table, buffer.base, inputs.count)
    return zip(inputs, buffer.values).map {
      Point(x: $0, actual: $1, expected: exact(Double($0)))
    }
  }

  /// e^x shows in x / (1 + e^−x).
  @Test(arguments: KernelSet.here)
  func silu(set: KernelSet) {
    let ones = Floats(repeating: 1, count: 30_002)
    let points = points(set, from: -87, through: 87) {
      ck_silu_multiply($0, $1, ones.base, $2)
    } _: {
      $0 / (1 + exp(-$0))
    }
    #expect(points.first { !$0.isWithin(relative: 4e-7, absolute: 1e-37) } == nil)
  }

  @Test(arguments: KernelSet.here)
  func tanhIsExactNearZeroToo(set: KernelSet) {
    for range: Float in [1e-3, 1, 20] {
      let points = points(set, from: -range, through: range, { ck_tanh($0, $1, $2) }, tanh)
      #expect(points.first { !$0.isWithin(relative: 3e-7) } == nil)
    }
  }

  @Test(arguments: KernelSet.here)
  func gelus(set: KernelSet) {
    let byError = points(set, from: -12, through: 12, { ck_gelu_erf($0, $1, $2) }) {
      0.5 * $0 * (1 + erf($0 * 0.5.squareRoot()))
    }
    let byTanh = points(set, from: -12, through: 12, { ck_gelu_tanh($0, $1, $2) }) {
      0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
    }
    for points in [byError, byTanh] {
      // Far below 0 the result is the small difference of 1 and nearly 1.
      #expect(
        points.first { !$0.isWithin(relative: 0, absolute: 3e-7 * max(1, abs(Double($0.x)))) }
          == nil
      )
      #expect(points.first { $0.x > -1 && !$0.isWithin(relative: 8e-7) } == nil)
    }
  }

  @Test(arguments: KernelSet.here)
  func farInputsAreTheLimits(set: KernelSet) {
    let inputs: [Float] = [-1e30, -1000, -100, 100, 1000, 1e30, .infinity, .nan]
    let ones = Floats(repeating: 1, count: inputs.count)
    let activations: [Function] = [
      { ck_gelu_erf($0, $1, $2) }, { ck_gelu_tanh($0, $1, $2) },
      { ck_silu_multiply($0, $1, ones.base, $2) },
    ]
    for activation in activations {
      let buffer = Floats(inputs)
      activation(set.table, buffer.base, inputs.count)
      #expect(Array(buffer.values.prefix(7)) == [0, 0, 0] + inputs[3 ..< 7])
      #expect(buffer.values[7].isNaN)
    }
    let buffer = Floats(inputs)
    ck_tanh(set.table, buffer.base, inputs.count)
    #expect(Array(buffer.values.prefix(7)) == [-1, -1, -1, 1, 1, 1, 1])
    #expect(buffer.values[7].isNaN)
  }
}
