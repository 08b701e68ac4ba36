import Support
import Testing

@testable import Tensors

/// A matrix multiplies rows, wherever its numbers lie.
struct MatrixTests {
  private func littleEndian(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in (0 ..< 4).map { UInt8(value.bitPattern >> (8 * $0) & 255) } }
  }

  private func multiply(_ matrix: Matrix, _ x: [Float], rows: Int) -> [Float] {
    var y = [Float](repeating: .nan, count: rows * matrix.outputs)
    var target = y.mutableSpan
    matrix.multiply(x.span, rows: rows, into: &target)
    return y
  }

  @Test(arguments: 0 ..< 50)
  func productIsTheSumOfProducts(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let outputs = Int.random(in: 1 ... 40, using: &random)
    let inputs = Int.random(in: 1 ... 40, using: &random)
    let rows = Int.random(in: 0 ... 9, using: &random)
    // Small whole numbers: sums are exact in any order.
    func whole(_ count: Int) -> [Float] {
      (0 ..< count).map { _ in Float(Int.random(in: -9 ... 9, using: &random)) }
    }
    let weights = whole(outputs * inputs)
    let x = whole(rows * inputs)
    let y = multiply(Matrix(outputs: outputs, inputs: inputs, values: weights), x, rows: rows)
    for row in 0 ..< rows {
      for output in 0 ..< outputs {
        let sum = (0 ..< inputs).reduce(Float(0)) {
          $0 + x[row * inputs + $1] * weights[output * inputs + $1]
        }
        #expect(y[row * outputs + output] == sum)
      }
    }
  }

  @Test func alignedFloatsStayInTheFile() throws {
    let values: [Float] = [1, 2, 3, 4, 5, 6]
    let folder = try TemporaryFolder()
    let path = try folder.write([0, 0, 0, 0] + littleEndian(values) + [0, 0], to: "weights")
    let file = try MappedFile(path: path)
    let mapped = Matrix(outputs: 2, inputs: 3, type: .f32, file: file, offset: 4)
    #expect(mapped.isMapped)
    #expect(mapped.row(1) == [4, 5, 6])
    #expect(multiply(mapped, [1, 1, 1, 0, 0, 2], rows: 2) == [6, 15, 6, 12])
    #expect(mapped.withValues { $0.count } == 6)
  }

  @Test(
    "Rows go into a buffer however they are stored: owned, mapped, out of order, not aligned, in 16 bits"
  )
  func rowsOfMatricesInABuffer() throws {
    let values: [Float] = [1, 2, 3, 4, 5, 6]
    let folder = try TemporaryFolder()
    let shorts = values.flatMap { value in
      let bits = UInt16(value.bitPattern >> 16)
      return [UInt8(bits & 255), UInt8(bits >> 8)]
    }
    let even = try MappedFile(path: folder.write([0, 0, 0, 0] + littleEndian(values), to: "even"))
    let odd = try MappedFile(path: folder.write([0, 7] + littleEndian(values), to: "odd"))
    let halves = try MappedFile(path: folder.write(shorts, to: "halves"))
    let inOrder = Matrix(outputs: 2, inputs: 3, type: .f32, file: even, offset: 4)
    let matrices = [
      Matrix(outputs: 2, inputs: 3, values: values),
      inOrder,
      inOrder.selecting([1, 0, 1]).selecting([1, 2]),
      Matrix(outputs: 2, inputs: 3, type: .f32, file: odd, offset: 2),
      Matrix(outputs: 2, inputs: 3, type: .bf16, file: halves, offset: 0),
    ]
    for matrix in matrices {
      let x = RowBuffer(width: 3)
      x.resize(rows: 2)
      x.setRow(0, [7, 7, 7])
      x.setRow(1, to: matrix, row: 1)
      x.addRow(1, matrix, row: 0)
      x.addRow(1, matrix, row: 0)
      #expect(x.row(1) == [6, 9, 12] && x.row(0) == [7, 7, 7])
    }
  }

  @Test func unalignedFloatsAreDecodedWhereTheyLie() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([7] + littleEndian([1.5, -2.5]), to: "weights")
    let file = try MappedFile(path: path)
    let matrix = Matrix(outputs: 1, inputs: 2, type: .f32, file: file, offset: 1)
    #expect(matrix.isMapped)
    #expect(multiply(matrix, [2, 1], rows: 1) == [0.5])
    #expect(matrix.row(0) == [1.5, -2.5])
    #expect(matrix.parameterCount == 2)
  }
}
