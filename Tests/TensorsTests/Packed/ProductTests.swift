import CKernels
import Support
import Testing

@testable import Tensors

/// Products over tiles, of every kernel set that this machine can run.
struct ProductTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let set: KernelSet
    let format: WeightFormat
    var testDescription: String { "\(set.name) \(format.rawValue)" }
  }

  static let cases = KernelSet.runnable.flatMap { set in
    WeightFormat.allCases.map { Case(set: set, format: $0) }
  }

  /// Tails of everything: outputs around a tile, inputs around a quad, a group and two groups, rows around a block.
  static let outputs = [1, 15, 16, 17, 37]
  static let inputs = Array(1 ... 9) + [15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 130]
  static let rows = [1, 2, 3, 7, 8, 11, 12, 13, 25]

  @Test(arguments: cases)
  func productsAreTheReferencesAtEveryTail(_ one: Case) {
    var random = SplitMix64(seed: 3)
    let workers = Workers(count: 2, kernels: one.set)
    for outputs in Self.outputs {
      for inputs in Self.inputs {
        let matrix = packed(outputs, inputs, one.format, workers, &random)
        let rows = Self.rows[Int.random(in: 0 ..< Self.rows.count, using: &random)]
        let x = buffer(rows, inputs, &random)
        let bias = numbers(outputs, &random)
        let y = buffer(rows, outputs, &random), wanted = buffer(rows, outputs, &random)
        for adding in [false, true] {
          if adding { for row in 0 ..< rows { wanted.setRow(row, from: y, row: row) } }
          workers.multiply(matrix, x, bias: bias, adding: adding, into: y)
          multiplyPlainly(matrix, x, bias, adding, into: wanted)
          for row in 0 ..< rows {
            for (found, wanted) in zip(y.row(row), wanted.row(row)) {
              #expect(
                abs(found - wanted) <= 2e-6 * max(1, abs(wanted)) * Float(inputs).squareRoot()
              )
            }
          }
        }
      }
    }
  }

  /// A row's answer has the same bits alone, in a block of any size, and with any number of workers.
  @Test(arguments: cases)
  func companyChangesNoBit(_ one: Case) {
    var random = SplitMix64(seed: 5)
    let crews = [1, 2, 3].map { Workers(count: $0, kernels: one.set) }
    for (outputs, inputs) in [(48, 65), (700, 96), (33, 260)] {
      let matrix = packed(outputs, inputs, one.format, crews[0], &random)
      let x = buffer(29, inputs, &random)
      let all = RowBuffer(width: outputs)
      crews[0].multiply(matrix, x, into: all)
      for row in 0 ..< x.rows {
        let some = RowBuffer(width: inputs), y = RowBuffer(width: outputs)
        let first = max(0, row - Int.random(in: 0 ... 14, using: &random))
        some.resize(rows: row - first + 1)
        for place in 0 ..< some.rows { some.setRow(place, from: x, row: first + place) }
        crews[row % 3].multiply(matrix, some, into: y)
        #expect(y.row(row - first) == all.row(row))
      }
    }
  }

  /// Integer sums are exact, so sets agree wherever no float was rounded in another order.
  @Test func setsAgreeOnBytesBitForBit() {
    var random = SplitMix64(seed: 7)
    let x = buffer(5, 333, &random)
    let weights = Matrix(outputs: 40, inputs: 333, values: numbers(40 * 333, &random))
    let answers = KernelSet.runnable.map { set in
      let workers = Workers(count: 1, kernels: set)
      var plan = PackingPlan()
      _ = plan.add([weights], as: .int8)
      let y = RowBuffer(width: 40)
      workers.multiply(plan.pack(workers)[0], x, into: y)
      return (0 ..< 5).map { y.row($0) }
    }
    #expect(answers.allSatisfy { $0 == answers[0] })
  }

  @Test func notANumberIsNotHidden() {
    var random = SplitMix64(seed: 9)
    let workers = Workers(count: 1)
    for format in WeightFormat.allCases {
      let matrix = packed(20, 64, format, workers, &random)
      for poison in [Float.nan, .infinity] {
        let x = buffer(2, 64, &random)
        var row = x.row(0)
        row[63] = poison
        x.setRow(0, row)
        let y = RowBuffer(width: 20)
        workers.multiply(matrix, x, into: y)
        #expect(y.row(0).allSatisfy { !$0.isFinite }, "\(format) hides \(poison)")
        #expect(y.row(1).allSatisfy { $0.isFinite }, "\(format) spreads it to other rows")
      }
    }
  }

  private func packed(
    _ outputs: Int,
    _ inputs: Int,
    _ format: WeightFormat,
    _ workers: Workers,
    _ random: inout SplitMix64
  ) -> PackedMatrix {
    let values = numbers(outputs * inputs, &random)
    var plan = PackingPlan()
    _ = plan.add([Matrix(outputs: outputs, inputs: inputs, values: values)], as: format)
    return plan.pack(workers)[0]
  }

  private func multiplyPlainly(
    _ matrix: PackedMatrix,
    _ x: RowBuffer,
    _ bias: [Float],
    _ adding: Bool,
    into y: RowBuffer
  ) {
    var product = ck_product()
    product.matrix = matrix.matrix
    product.rows = x.rows
    product.x = UnsafePointer(x.values)
    product.x_stride = x.width
    if let kind = matrix.format.activations {
      product.quantized = x.quantized(kind) { _ in Issue.record("the product left no bytes") }
    }
    product.epilogue = adding ? ck_accumulate : ck_store
    product.y = y.values
    product.y_stride = y.width
    bias.withUnsafeBufferPointer {
      product.bias = $0.baseAddress
      ck_multiply_reference(&product)
    }
  }
}

/// Random numbers in −1 ..< 1.
func numbers(_ count: Int, _ random: inout SplitMix64) -> [Float] {
  (0 ..< count).map { _ in Float.random(in: -1 ..< 1, using: &random) }
}

/// Random rows.
func buffer(_ rows: Int, _ width: Int, _ random: inout SplitMix64) -> RowBuffer {
  let buffer = RowBuffer(width: width)
  buffer.resize(rows: rows)
  for row in 0 ..< rows { buffer.setRow(row, numbers(width, &random)) }
  return buffer
}
