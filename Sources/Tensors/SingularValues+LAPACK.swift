internal import COpenBLAS

/// What LAPACK gives: A = left · diag(values) · right.
struct Factors<Number: Real>: Sendable {
  var values: [Number]
  /// (rows, count).
  var left: [Number]
  /// (count, columns).
  var right: [Number]

  /// Turns every pair so that the number of `left`'s column that is largest in size is positive.
  mutating func fixSigns(rows: Int, columns: Int) {
    let count = values.count
    for place in 0 ..< count {
      var largest: Number = 0
      for row in 0 ..< rows {
        let number = left[row * count + place]
        if number.magnitude > largest.magnitude { largest = number }
      }
      guard largest < 0 else { continue }
      for row in 0 ..< rows { left[row * count + place].negate() }
      for column in 0 ..< columns { right[place * columns + column].negate() }
    }
  }
}

/// gesdd: job, rows, columns, a, its stride, s, u, its stride, vt, its stride, work, its count, integers, failure, length
/// of job.
private typealias Routine<Number> = (
  UnsafePointer<CChar>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?,
  UnsafeMutablePointer<Number>?,
  UnsafePointer<Int32>?, UnsafeMutablePointer<Number>?, UnsafeMutablePointer<Number>?,
  UnsafePointer<Int32>?, UnsafeMutablePointer<Number>?, UnsafePointer<Int32>?,
  UnsafeMutablePointer<Number>?, UnsafePointer<Int32>?, UnsafeMutablePointer<Int32>?,
  UnsafeMutablePointer<Int32>?, Int
) -> Void

/// Decomposes float32 numbers, row after row, which are lost; nil if it does not converge.
func factorsF32(_ numbers: inout [Float], _ rows: Int, _ columns: Int) -> Factors<Float>? {
  factors(&numbers, rows, columns) {
    sgesdd_($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
  }
}

/// Decomposes float64 numbers, row after row, which are lost; nil if it does not converge.
func factorsF64(_ numbers: inout [Double], _ rows: Int, _ columns: Int) -> Factors<Double>? {
  factors(&numbers, rows, columns) {
    dgesdd_($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
  }
}

/// LAPACK reads column after column, so it sees Aᵀ = V · diag(s) · Uᵀ: its left factor is our right one.
private func factors<Number: Real>(
  _ numbers: inout [Number],
  _ rows: Int,
  _ columns: Int,
  _ routine: Routine<Number>
) -> Factors<Number>? {
  let count = min(rows, columns)
  var factors = Factors(
    values: [Number](repeating: 0, count: count),
    left: [Number](repeating: 0, count: rows * count),
    right: [Number](repeating: 0, count: count * columns)
  )
  var integers = [Int32](repeating: 0, count: 8 * count)
  var (height, width, stride) = (Int32(columns), Int32(rows), Int32(columns))
  var (rightStride, leftStride) = (Int32(columns), Int32(count))
  var (failure, job) = (Int32(0), CChar(UInt8(ascii: "S")))
  // The first call only tells how much room the second needs.
  var work: [Number] = [0]
  var room = Int32(-1)
  for _ in 0 ..< 2 {
    routine(
      &job,
      &height,
      &width,
      &numbers,
      &stride,
      &factors.values,
      &factors.right,
      &rightStride,
      &factors.left,
      &leftStride,
      &work,
      &room,
      &integers,
      &failure,
      1
    )
    guard failure == 0 else { return nil }
    // float32 may have rounded the count down.
    room = Int32(work[0].nextUp.rounded(.up))
    work = [Number](repeating: 0, count: max(Int(room), work.count))
  }
  return factors
}
