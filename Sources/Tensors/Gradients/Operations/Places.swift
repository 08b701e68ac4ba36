extension Tape {
  /// x with some of its rows exchanged for those of y: what went on, put back among what stayed.
  ///
  /// - Parameters:
  ///   - y: (indices, width).
  ///   - indices: of the rows that are exchanged, each within `0 ..< x.rows` and none twice.
  ///   - x: (rows, width).
  /// - Returns: (rows, width).
  public func placed(
    _ y: Variable<Number>,
    at indices: [Int],
    in x: Variable<Number>
  ) -> Variable<Number> {
    let width = x.columns
    precondition(
      y.rows == indices.count && y.columns == width && Set(indices).count == indices.count,
      "(\(y.rows), \(y.columns)) at \(indices.count) places of (\(x.rows), \(width))"
    )
    let z = result(x.rows, width, of: x, y)
    z.start.update(from: x.start, count: x.count)
    for (place, index) in indices.enumerated() {
      precondition(index >= 0 && index < x.rows, "row \(index) of \(x.rows)")
      (z.start + index * width).update(from: y.start + place * width, count: width)
    }
    record(z) { [loops] dz in
      if let target = y.target {
        for (place, index) in indices.enumerated() {
          loops.addScaled(target + place * width, dz + index * width, 1, width)
        }
      }
      guard let target = x.target else { return }
      let exchanged = Set(indices)
      for row in 0 ..< x.rows where !exchanged.contains(row) {
        loops.addScaled(target + row * width, dz + row * width, 1, width)
      }
    }
    return z
  }

  /// The same numbers in another grid: the heads of every row as rows, for example.
  ///
  /// - Parameters:
  ///   - x: its numbers, row after row.
  ///   - rows: of the new grid; `x.count` divides by it.
  /// - Returns: (rows, x.count / rows).
  public func reshaped(_ x: Variable<Number>, rows: Int) -> Variable<Number> {
    precondition(rows > 0 && x.count.isMultiple(of: rows), "\(x.count) numbers in \(rows) rows")
    let y = result(rows, x.count / rows, of: x)
    y.start.update(from: x.start, count: x.count)
    record(y) { [loops] dy in
      if let target = x.target { loops.addScaled(target, dy, 1, x.count) }
    }
    return y
  }
}
