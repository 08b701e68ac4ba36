extension Tape {
  /// exp x / Σ exp x, row by row.
  public func softmax(_ x: Variable<Number>) -> Variable<Number> {
    let y = result(x.rows, x.columns, of: x)
    y.start.update(from: x.start, count: x.count)
    loops.softmax(y.start, 1, x.rows, x.columns, 0)
    record(y) { [loops, pool] dy in
      guard let target = x.target else { return }
      let slopes = pool.take(x.count)
      slopes.start.update(from: dy, count: x.count)
      loops.softmaxBack(slopes.start, y.start, 1, x.rows, x.columns)
      loops.addScaled(target, slopes.start, 1, x.count)
    }
    return y
  }

  /// x − log Σ exp x, row by row.
  public func logSoftmax(_ x: Variable<Number>) -> Variable<Number> {
    let y = result(x.rows, x.columns, of: x)
    loops.logSoftmax(y.start, x.start, x.rows, x.columns)
    record(y) { [loops] dy in
      guard let target = x.target else { return }
      loops.logSoftmaxGradient(target, y.start, dy, x.rows, x.columns)
    }
    return y
  }
}
