extension Tape {
  /// The mean of all rows of a text so far, at every one of its rows.
  ///
  /// - Parameters:
  ///   - x: (sum of `lengths`, width).
  ///   - lengths: rows of each text.
  /// - Returns: (rows, width); row t of a text is the mean of its rows 0 ... t.
  public func runningMeans(of x: Variable<Number>, lengths: [Int]) -> Variable<Number> {
    let width = x.columns
    precondition(lengths.reduce(0, +) == x.rows, "\(lengths) of \(x.rows) rows")
    let y = result(x.rows, width, of: x)
    y.start.update(from: x.start, count: x.count)
    var row = 0
    for length in lengths {
      // Sums first: each row is added to the ones before it.
      for _ in 0 ..< max(0, length - 1) {
        loops.addScaled(y.start + (row + 1) * width, y.start + row * width, 1, width)
        row += 1
      }
      if length > 0 { row += 1 }
      for position in 1 ..< max(1, length) {
        loops.scale(
          y.start + (row - length + position) * width,
          1 / Number(position + 1),
          width
        )
      }
    }
    record(y) { [loops, pool] dy in
      guard let target = x.target else { return }
      let sum = pool.take(width)
      var end = x.rows
      for length in lengths.reversed() {
        sum.clear()
        for position in stride(from: length - 1, through: 0, by: -1) {
          let place = (end - length + position) * width
          loops.addScaled(sum.start, dy + place, 1 / Number(position + 1), width)
          loops.addScaled(target + place, sum.start, 1, width)
        }
        end -= length
      }
    }
    return y
  }
}
