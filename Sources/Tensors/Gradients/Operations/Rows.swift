extension Tape {
  /// Rows of a table, in the order of `indices`: an embedding, or the rows of a grid that are asked for.
  ///
  /// - Parameters:
  ///   - table: (rows, width).
  ///   - indices: each within `0 ..< rows`; may repeat.
  /// - Returns: (indices, width).
  public func rows(of table: Variable<Number>, at indices: [Int]) -> Variable<Number> {
    let width = table.columns
    for index in indices {
      precondition(index >= 0 && index < table.rows, "row \(index) of \(table.rows)")
    }
    let y = result(indices.count, width, of: table)
    for (place, index) in indices.enumerated() {
      (y.start + place * width).update(from: table.start + index * width, count: width)
    }
    record(y) { [loops] dy in
      guard let target = table.target else { return }
      for (place, index) in indices.enumerated() {
        loops.addScaled(target + index * width, dy + place * width, 1, width)
      }
    }
    return y
  }

  /// The mean row of each run of rows: of each text, for example.
  ///
  /// - Parameters:
  ///   - x: (sum of `lengths`, width).
  ///   - lengths: rows of each run, all more than 0.
  /// - Returns: (lengths, width).
  public func means(of x: Variable<Number>, lengths: [Int]) -> Variable<Number> {
    let width = x.columns
    precondition(lengths.reduce(0, +) == x.rows && !lengths.contains { $0 <= 0 }, "\(lengths)")
    let y = result(lengths.count, width, of: x)
    y.start.clear(y.count)
    var first = 0
    for (place, length) in lengths.enumerated() {
      let target = y.start + place * width
      loops.addRows(target, x.start + first * width, length, width)
      loops.scale(target, 1 / Number(length), width)
      first += length
    }
    record(y) { [loops] dy in
      guard let target = x.target else { return }
      var row = 0
      for (place, length) in lengths.enumerated() {
        for _ in 0 ..< length {
          loops.addScaled(target + row * width, dy + place * width, 1 / Number(length), width)
          row += 1
        }
      }
    }
    return y
  }
}
