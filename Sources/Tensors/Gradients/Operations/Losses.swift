extension Tape {
  /// The mean of −log softmax(logits)[target] over the rows.
  ///
  /// - Parameters:
  ///   - logits: (rows, classes), at least one row.
  ///   - targets: (rows), each within `0 ..< classes`.
  /// - Returns: one number.
  public func crossEntropy(_ logits: Variable<Number>, _ targets: [Int]) -> Variable<Number> {
    let (rows, classes) = (logits.rows, logits.columns)
    precondition(targets.count == rows && rows > 0, "\(targets.count) targets of \(rows) rows")
    let (y, logs) = (result(1, 1, of: logits), pool.take(rows * classes))
    loops.logSoftmax(logs.start, logits.start, rows, classes)
    var sum = 0.0
    for (row, target) in targets.enumerated() {
      precondition(target >= 0 && target < classes, "class \(target) of \(classes)")
      sum -= Double(logs.start[row * classes + target])
    }
    y.start[0] = Number(sum / Double(rows))
    record(y) { [loops, pool] dy in
      guard let target = logits.target else { return }
      let share = dy[0] / Number(rows)
      let hot = pool.takeZeros(rows * classes)
      for (row, own) in targets.enumerated() { hot.start[row * classes + own] = -share }
      loops.logSoftmaxGradient(target, logs.start, hot.start, rows, classes)
    }
    return y
  }

  /// The mean over all elements of the cross-entropy of σ(logit) with a target of 0 to 1.
  ///
  /// - Parameters:
  ///   - logits: (rows, labels), at least one.
  ///   - targets: (rows · labels), row after row.
  /// - Returns: one number.
  public func binaryCrossEntropy(
    _ logits: Variable<Number>,
    _ targets: [Number]
  ) -> Variable<Number> {
    let count = logits.count
    precondition(targets.count == count && count > 0, "\(targets.count) targets of \(count)")
    let y = result(1, 1, of: logits)
    var sum = 0.0
    for i in 0 ..< count {
      let x = Double(logits.start[i])
      // log(1 + e^−|x|) never overflows.
      sum += max(x, 0) - x * Double(targets[i]) + Self.logOnePlusExp(-abs(x))
    }
    y.start[0] = Number(sum / Double(count))
    record(y) { dy in
      guard let target = logits.target else { return }
      let share = dy[0] / Number(count)
      for i in 0 ..< count {
        let sigmoid = 1 / (1 + Self.exponential(-Double(logits.start[i])))
        target[i] += share * (Number(sigmoid) - targets[i])
      }
    }
    return y
  }

  /// The mean over all elements of (x − target)².
  ///
  /// - Parameters:
  ///   - x: at least one element.
  ///   - target: of the same shape; gets a gradient as well if it needs one.
  /// - Returns: one number.
  public func meanSquaredError(
    _ x: Variable<Number>,
    _ target: Variable<Number>
  ) -> Variable<Number> {
    precondition(x.rows == target.rows && x.columns == target.columns && x.count > 0, "shapes")
    let y = result(1, 1, of: x, target)
    let away = pool.take(x.count)
    away.start.update(from: x.start, count: x.count)
    loops.addScaled(away.start, target.start, -1, x.count)
    y.start[0] = Number(loops.dot(away.start, away.start, x.count) / Double(x.count))
    record(y) { [loops] dy in
      let share = 2 * dy[0] / Number(x.count)
      if let slope = x.target { loops.addScaled(slope, away.start, share, x.count) }
      if let slope = target.target { loops.addScaled(slope, away.start, -share, x.count) }
    }
    return y
  }
}
