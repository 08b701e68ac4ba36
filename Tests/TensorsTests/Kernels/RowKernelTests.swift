import CKernels
import Foundation
import Support
import Testing

@testable import Tensors

/// Activations, RoPE and what is asked of logits are what the plain functions give, at every length.
struct RowKernelTests {
  @Test(arguments: KernelSet.here)
  func elementsAreTheirOwn(set: KernelSet) {
    var random = SplitMix64(seed: 1)
    let input = random.floats(71, most: 5)
    let other = random.floats(71, most: 5)
    typealias Map = (UnsafeMutablePointer<Float>, [Float], Int) -> Void
    let pairs: [(fast: Map, plain: Map)] = [
      ({ ck_add(set.table, $0, $1, $2) }, { ck_add_f32($0, $1, $2) }),
      ({ ck_add_bias(set.table, $0, $1, 1, $2) }, { ck_add_f32($0, $1, $2) }),
      ({ x, _, n in ck_relu(set.table, x, n) }, { x, _, n in ck_relu_f32(x, n) }),
      ({ ck_silu_multiply(set.table, $0, $1, $2) }, { ck_silu_multiply_f32($0, $1, $2) }),
      ({ x, _, n in ck_gelu_erf(set.table, x, n) }, { x, _, n in ck_gelu_erf_f32(x, n) }),
      ({ x, _, n in ck_gelu_tanh(set.table, x, n) }, { x, _, n in ck_gelu_tanh_f32(x, n) }),
    ]
    for (number, (fast, plain)) in pairs.enumerated() {
      let alone = zip(input, other).map { x, y in
        let one = Floats([x])
        fast(one.base, [y], 1)
        return one.base[0]
      }
      for count in 0 ... 70 {
        let (actual, expected) = (Floats(input), Floats(input))
        fast(actual.base, other, count)
        plain(expected.base, other, count)
        // Both round; MathKernelTests compares each function with doubles.
        #expect(worst(actual.values, expected.values, floor: 1) <= 1e-6, "\(number), \(count)")
        let bits = (alone[..<count] + input[count...]).map(\.bitPattern)
        #expect(actual.bits == bits, "\(number), \(count)")
      }
    }
  }

  /// Summed in double and in order, so with the same bits however texts and columns are cut.
  @Test(arguments: KernelSet.here)
  func meansAreOfEachText(set: KernelSet) {
    var random = SplitMix64(seed: 4)
    let texts = [0 ..< 1, 1 ..< 30, 30 ..< 130, 7 ..< 9]
    for width in [1, 15, 16, 17, 48, 100, 384] {
      let x = RowBuffer(width: width), y = RowBuffer(width: width)
      x.resize(rows: 130)
      for row in 0 ..< 130 { x.setRow(row, random.floats(width, most: 9)) }
      let wanted = texts.map { text in
        (0 ..< width).map { d in
          Float(text.reduce(0.0) { $0 + Double(x.row($1)[d]) } / Double(text.count))
        }
      }
      for workers in [1, 2, 3] {
        Workers(count: workers, kernels: set).means(of: texts, in: x, into: y)
        #expect((0 ..< y.rows).map(y.row) == wanted, "\(width) columns, \(workers) workers")
      }
    }
  }

  @Test("A row is the sum of its terms, in their order")
  func sumsOfRows() {
    let x = RowBuffer(width: 3)
    x.resize(rows: 2)
    x.setRow(0, [7, 7, 7])
    let terms = Matrix(outputs: 3, inputs: 3, values: [1e8, 2, 3, 1, 0.5, 0, -1e8, 1, -3])
    x.setRow(1, to: terms, row: 1)
    #expect(x.row(1) == [1, 0.5, 0])
    x.setRow(1, to: terms, row: 0)
    x.addRow(1, terms, row: 1)
    x.addRow(1, terms, row: 2)
    #expect(x.row(1) == [0, 3.5, 0] && x.row(0) == [7, 7, 7])
  }

  @Test("Borrowed rows are written where they lie, and are gone afterwards")
  func borrowedRows() {
    let (all, some) = (RowBuffer(width: 2), RowBuffer(width: 2))
    all.resize(rows: 4)
    for row in 0 ..< 4 { all.setRow(row, [Float(row), 0]) }
    some.resize(rows: 1)
    some.setRow(0, [9, 9])
    let seen = some.borrowing(1 ..< 3, of: all) {
      some.resize(rows: 2)
      some.setRow(1, [7, 7])
      return (0 ..< some.rows).map(some.row)
    }
    all.tookRows()
    #expect(seen == [[1, 0], [7, 7]])
    #expect((0 ..< 4).map(all.row) == [[0, 0], [1, 0], [7, 7], [3, 0]])
    #expect(some.rows == 0)
    some.resize(rows: 8)
    some.setRow(1, [5, 5])
    #expect(some.row(1) == [5, 5] && all.row(2) == [7, 7])
  }

  @Test(arguments: KernelSet.here)
  func ropeTurnsHeadsWhereTheyLie(set: KernelSet) {
    for half in Array(1 ... 35) + [64] {
      var random = SplitMix64(seed: UInt64(half))
      let (rows, heads, width) = (half % 17 + 1, half % 4 + 1, 2 * half)
      let stride = heads * width + 5
      let positions = (0 ..< rows).map { _ in Int32.random(in: 0 ... 8_191, using: &random) }
      let frequency = random.floats(half).map(abs)
      let (cosines, sines) = (
        Floats(repeating: 0, count: rows * half), Floats(repeating: 0, count: rows * half)
      )
      ck_rope_turns(cosines.base, sines.base, positions, frequency, rows, half)
      let before = random.floats(rows * stride)
      let actual = Floats(before)
      ck_rope(set.table, actual.base, stride, cosines.base, sines.base, rows, heads, width)
      for r in 0 ..< rows {
        let row = Floats(Array(before[r * stride ..< r * stride + heads * width]))
        ck_rope_f32(row.base, [positions[r]], frequency, 1, heads, width)
        let turned = row.values + before[r * stride + heads * width ..< (r + 1) * stride]
        #expect(Array(actual.values[r * stride ..< (r + 1) * stride]) == turned, "half \(half)")
      }
    }
  }

  @Test(arguments: KernelSet.here)
  func logitsAreSummedUp(set: KernelSet) {
    for count in Array(1 ... 70) + [1_000, 16_385, 49_152] {
      var random = SplitMix64(seed: UInt64(count))
      // Coarse steps, so that the largest value is there more than once.
      let values = random.floats(count, most: 20).map { ($0 * 2).rounded() / 2 - 100 }
      let largest = values.max() ?? 0
      #expect(ck_argmax(set.table, values, count) == values.firstIndex(of: largest) ?? 0)
      let sum = values.reduce(0.0) { $0 + exp(Double($1) - Double(largest)) }
      let difference = ck_log_sum_exp(set.table, values, count) - (Double(largest) + log(sum))
      #expect(abs(difference) <= 2e-6, "count \(count)")
    }
  }

  @Test(arguments: KernelSet.here)
  func oddLogitsHaveAnAnswer(set: KernelSet) {
    #expect(ck_argmax(set.table, [], 0) == 0)
    #expect(ck_argmax(set.table, [.nan, 1, .nan, 3, 3], 5) == 3)
    #expect(ck_argmax(set.table, [-.infinity, -.infinity], 2) == 0)
    #expect(ck_log_sum_exp(set.table, [], 0) == -.infinity)
    #expect(ck_log_sum_exp(set.table, [-.infinity, 2], 2) == 2)
  }
}
