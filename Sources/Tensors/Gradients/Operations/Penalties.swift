extension Tape {
  /// The square Hoyer measure of sparsity, (Σ|a|)² / Σa², averaged over the rows: 1 for a row with one number that is not
  /// 0, as many as there are for equal ones, whatever their size. A row of zeros counts 0, and no gradient goes to it.
  ///
  /// Kurtz et al., ICML 2020; as D2DMoE uses it, arXiv:2310.04361.
  ///
  /// - Parameter x: (rows, width), at least one row.
  /// - Returns: one number, 0 to width.
  public func hoyer(_ x: Variable<Number>) -> Variable<Number> {
    let (rows, width) = (x.rows, x.columns)
    precondition(rows > 0, "no rows")
    let y = result(1, 1, of: x)
    let (sums, squares) = (pool.take(rows), pool.take(rows))
    var total = 0.0
    for row in 0 ..< rows {
      let numbers = x.start + row * width
      var sum = 0.0
      for i in 0 ..< width { sum += abs(Double(numbers[i])) }
      let square = loops.dot(numbers, numbers, width)
      sums.start[row] = Number(sum)
      squares.start[row] = Number(square)
      if square > 0 { total += sum * sum / square }
    }
    y.start[0] = Number(total / Double(rows))
    record(y) { dy in
      guard let target = x.target else { return }
      let share = dy[0] / Number(rows)
      for row in 0 ..< rows where squares.start[row] > 0 {
        let (sum, square) = (sums.start[row], squares.start[row])
        let (along, back) = (2 * sum / square * share, 2 * sum * sum / (square * square) * share)
        let (numbers, slopes) = (x.start + row * width, target + row * width)
        for i in 0 ..< width {
          let a = numbers[i]
          // The slope of |a| is 0 at 0, so that what is off stays off.
          slopes[i] += a == 0 ? 0 : (a > 0 ? along : -along) - back * a
        }
      }
    }
    return y
  }

  /// Σ|a|, averaged over the rows.
  ///
  /// - Parameter x: (rows, width), at least one row.
  /// - Returns: one number.
  public func l1(_ x: Variable<Number>) -> Variable<Number> {
    precondition(x.rows > 0, "no rows")
    let y = result(1, 1, of: x)
    var sum = 0.0
    for i in 0 ..< x.count { sum += abs(Double(x.start[i])) }
    y.start[0] = Number(sum / Double(x.rows))
    record(y) { dy in
      guard let target = x.target else { return }
      let share = dy[0] / Number(x.rows)
      for i in 0 ..< x.count where x.start[i] != 0 { target[i] += x.start[i] > 0 ? share : -share }
    }
    return y
  }
}
