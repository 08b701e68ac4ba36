extension Tape {
  /// a · b / (|a| |b|), row by row.
  ///
  /// - Parameters:
  ///   - a: (rows, width).
  ///   - b: like a; gets a gradient as well if it needs one.
  /// - Returns: (rows, 1), −1 to 1; 0, and no gradient, where a row is 0.
  public func cosines(_ a: Variable<Number>, _ b: Variable<Number>) -> Variable<Number> {
    let (rows, width) = (a.rows, a.columns)
    precondition(b.rows == rows && b.columns == width, "(\(rows), \(width)) and others")
    let y = result(rows, 1, of: a, b)
    let (lengths, others) = (pool.take(rows), pool.take(rows))
    for row in 0 ..< rows {
      let (left, right) = (a.start + row * width, b.start + row * width)
      let length = loops.dot(left, left, width).squareRoot()
      let other = loops.dot(right, right, width).squareRoot()
      lengths.start[row] = Number(length)
      others.start[row] = Number(other)
      let isZero = length == 0 || other == 0
      y.start[row] = isZero ? 0 : Number(loops.dot(left, right, width) / length / other)
    }
    record(y) { [loops] dy in
      for row in 0 ..< rows {
        let (length, other) = (lengths.start[row], others.start[row])
        guard length > 0 && other > 0 else { continue }
        let (left, right) = (a.start + row * width, b.start + row * width)
        let (across, along) = (dy[row] / length / other, dy[row] * y.start[row])
        if let target = a.target {
          loops.addScaled(target + row * width, right, across, width)
          loops.addScaled(target + row * width, left, -along / length / length, width)
        }
        if let target = b.target {
          loops.addScaled(target + row * width, left, across, width)
          loops.addScaled(target + row * width, right, -along / other / other, width)
        }
      }
    }
    return y
  }

  /// The mean of 1 − cosine over the rows: 0 when all point the same way, whatever their lengths.
  ///
  /// - Parameters:
  ///   - x: (rows, width), at least one row.
  ///   - target: like x.
  /// - Returns: one number, 0 to 2.
  public func cosineDistance(_ x: Variable<Number>, _ target: Variable<Number>) -> Variable<Number>
  {
    precondition(x.rows > 0, "no rows")
    let similarity = total(cosines(x, target))
    let one = make(1, 1, needsGradient: false)
    one.start[0] = 1
    return sum(one, similarity, times: -1 / Number(x.rows))
  }
}
