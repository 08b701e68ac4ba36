import Support
import Testing

@testable import Tensors

/// Thin decompositions of tall, wide, square and deficient matrices.
struct SingularValuesTests {
  private func numbers<Number: Real>(_ count: Int, seed: UInt64) -> [Number] {
    var random = SplitMix64(seed: seed)
    return (0 ..< count).map { _ in Number(Double(random.next() >> 11) / 0x1p53 - 0.5) }
  }

  private func largestError<Number: Real>(_ found: SingularValues<Number>, _ numbers: [Number])
    -> Double
  {
    var largest = 0.0
    for row in 0 ..< found.rows {
      for column in 0 ..< found.columns {
        var sum = 0.0
        for i in 0 ..< found.count {
          sum +=
            Double(found.left[row * found.count + i]) * Double(found.values[i])
            * Double(found.right[i * found.columns + column])
        }
        largest = max(largest, abs(sum - Double(numbers[row * found.columns + column])))
      }
    }
    return largest
  }

  private func check<Number: Real>(_ type: Number.Type, rows: Int, columns: Int, tolerance: Double)
    throws
  {
    let numbers: [Number] = numbers(rows * columns, seed: UInt64(rows * 100 + columns))
    let found = try SingularValues(of: numbers, rows: rows, columns: columns)
    #expect(found.count == min(rows, columns))
    #expect(found.values == found.values.sorted(by: >) && found.values.allSatisfy { $0 >= 0 })
    #expect(largestError(found, numbers) < tolerance)
    for i in 0 ..< found.count {
      for j in 0 ... i {
        var (left, right) = (0.0, 0.0)
        for row in 0 ..< rows {
          left += Double(found.left[row * found.count + i] * found.left[row * found.count + j])
        }
        for column in 0 ..< columns {
          right += Double(found.right[i * columns + column] * found.right[j * columns + column])
        }
        let expected = i == j ? 1.0 : 0.0
        #expect(abs(left - expected) < tolerance && abs(right - expected) < tolerance)
      }
      let column = (0 ..< rows).map { found.left[$0 * found.count + i] }
      let top = column.max() ?? 0
      #expect(column.allSatisfy { abs($0) <= top }, "the largest is positive")
    }
    #expect(try SingularValues(of: numbers, rows: rows, columns: columns) == found)
  }

  @Test(arguments: [(1, 1), (7, 3), (3, 7), (5, 5), (40, 64), (1, 6), (6, 1)])
  func theProductIsTheMatrix(rows: Int, columns: Int) throws {
    try check(Double.self, rows: rows, columns: columns, tolerance: 1e-12)
    try check(Float.self, rows: rows, columns: columns, tolerance: 1e-5)
  }

  @Test func aKnownMatrix() throws {
    let found = try SingularValues<Double>(of: [0, -2, 3, 0], rows: 2, columns: 2)
    #expect(zip(found.values, [3, 2]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(zip(found.left, [0, 1, 1, 0]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(zip(found.right, [1, 0, 0, -1]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func theLeadingOnesAreTheNearestOfTheirRank() throws {
    let numbers: [Double] = numbers(6 * 9, seed: 4)
    let found = try SingularValues(of: numbers, rows: 6, columns: 9)
    let leading = found.leading(2)
    #expect(leading.count == 2 && leading.left.count == 12 && leading.right.count == 18)
    var squares = 0.0
    for row in 0 ..< 6 {
      for column in 0 ..< 9 {
        var sum = numbers[row * 9 + column]
        for i in 0 ..< 2 {
          sum -= leading.left[row * 2 + i] * leading.values[i] * leading.right[i * 9 + column]
        }
        squares += sum * sum
      }
    }
    #expect(abs(squares - found.values.dropFirst(2).reduce(0) { $0 + $1 * $1 }) < 1e-12)
  }

  @Test func whatIsNotFiniteIsRefused() {
    #expect(throws: SingularValuesError(code: .notFinite, rows: 2, columns: 2)) {
      try SingularValues<Float>(of: [1, .nan, 0, 1], rows: 2, columns: 2)
    }
    #expect(throws: SingularValuesError(code: .notFinite, rows: 1, columns: 2)) {
      try SingularValues<Double>(of: [1, .infinity], rows: 1, columns: 2)
    }
  }

  @Test func zerosHaveValuesOf0() throws {
    let found = try SingularValues<Float>(of: [0, 0, 0, 0, 0, 0], rows: 2, columns: 3)
    #expect(found.values == [0, 0])
  }
}
