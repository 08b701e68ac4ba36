extension Tape {
  /// The square Hoyer measure of sparsity, (Σ|a|)² / Σa², averaged over the rows.
  ///
  /// It is 1 for a row with one number that is not 0, and as many as there are for equal ones, whatever their size. A row
  /// of zeros counts 0, and no gradient goes to it.
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
    let total = loops.hoyer(sums.start, squares.start, x.start, rows, width)
    y.start[0] = Number(total / Double(rows))
    record(y) { [loops] dy in
      guard let target = x.target else { return }
      let share = dy[0] / Number(rows)
      loops.hoyerGradient(target, x.start, sums.start, squares.start, share, rows, width)
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
    y.start[0] = Number(loops.sumSizes(x.start, x.count) / Double(x.rows))
    record(y) { [loops] dy in
      guard let target = x.target else { return }
      loops.sumSizesGradient(target, x.start, dy[0] / Number(x.rows), x.count)
    }
    return y
  }
}
