extension Tape {
  /// w · exp x / Σ w · exp x with w = max(x + t − max x, 0), row by row.
  ///
  /// What lies t or more below the largest is exactly 0. The larger t, the nearer to softmax; an infinite t is softmax,
  /// and 0 leaves only the largest.
  ///
  /// Bałazy et al., "r-softmax: Generalized Softmax with Controllable Sparsity Rate", arXiv:2304.05243.
  ///
  /// - Parameters:
  ///   - x: (rows, width), width at least 1; −∞ is never picked.
  ///   - t: (rows, 1), or (1, 1) for all rows; not negative. Gets a gradient as well if it needs one.
  /// - Returns: (rows, width), not negative, each row's sum 1. Never feed it to a logarithm: it has zeros.
  public func tSoftmax(_ x: Variable<Number>, _ t: Variable<Number>) -> Variable<Number> {
    let (rows, width) = (x.rows, x.columns)
    precondition(width > 0 && (t.count == rows || t.count == 1), "\(t.count) t of \(rows) rows")
    for i in 0 ..< t.count { precondition(t.start[i] >= 0, "t is \(t.start[i])") }
    let y = result(rows, width, of: x, t)
    let step = t.count == 1 ? 0 : 1
    loops.tSoftmax(y.start, x.start, t.start, step, rows, width)
    record(y) { [loops] dy in
      loops.tSoftmaxGradient(x.target, t.target, dy, x.start, y.start, t.start, step, rows, width)
    }
    return y
  }

  /// Softmax that makes a share of every row exactly 0: `tSoftmax` with the t that does it.
  ///
  /// ⌈rate · width⌉ numbers become 0, the smallest; more if some are equal, and never the largest. Numbers that are −∞ count
  /// among them. A rate of 0 is softmax.
  ///
  /// t is the distance from the largest number to an order statistic, as in the paper; the published code interpolates
  /// between two, so that its rate of 0 is not softmax. The result does not change with a small change of the rate, so
  /// there is no gradient of it.
  ///
  /// Bałazy et al., "r-softmax: Generalized Softmax with Controllable Sparsity Rate", arXiv:2304.05243.
  ///
  /// - Parameters:
  ///   - x: (rows, width), width at least 1.
  ///   - rates: 0...1, one for each row, or one for all.
  ///   - isThresholdFixed: whether t counts as a constant in the gradient, as in the published code; else the gradient
  ///     is that of the whole function.
  /// - Returns: (rows, width), not negative, each row's sum 1. Never feed it to a logarithm: it has zeros.
  public func rSoftmax(
    _ x: Variable<Number>,
    rates: [Double],
    isThresholdFixed: Bool = false
  ) -> Variable<Number> {
    let (rows, width) = (x.rows, x.columns)
    precondition(
      width > 0 && (rates.count == rows || rates.count == 1),
      "\(rates.count) rates of \(rows) rows"
    )
    let zeros = (0 ..< rows).map { row in
      let rate = rates.count == 1 ? rates[0] : rates[row]
      precondition(rate >= 0 && rate <= 1, "a rate of \(rate)")
      // A rate of k / width must give k, however it was rounded.
      return min(width, Int((rate * Double(width) - 1e-9).rounded(.up)))
    }
    let t = make(rows, 1, needsGradient: x.needsGradient && !isThresholdFixed)
    var places = [Int](repeating: 0, count: rows)
    let scratch = pool.take(width)
    places.withUnsafeMutableBufferPointer { places in
      guard let places = places.baseAddress else { return }
      loops.reaches(t.start, places, x.start, zeros, scratch.start, rows, width)
    }
    record(t) { [loops] dt in
      guard let target = x.target else { return }
      loops.reachesGradient(target, dt, places, x.start, rows, width)
    }
    return tSoftmax(x, t)
  }
}
