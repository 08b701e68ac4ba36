extension Tape {
  /// a + factor · b, element by element: a residual, or a loss and a penalty.
  public func sum(
    _ a: Variable<Number>,
    _ b: Variable<Number>,
    times factor: Number = 1
  ) -> Variable<Number> {
    check(a, b)
    let y = result(a.rows, a.columns, of: a, b)
    y.start.update(from: a.start, count: y.count)
    loops.addScaled(y.start, b.start, factor, y.count)
    record(y) { [loops] dy in
      if let target = a.target { loops.addScaled(target, dy, 1, a.count) }
      if let target = b.target { loops.addScaled(target, dy, factor, b.count) }
    }
    return y
  }

  /// a · b, element by element.
  public func product(_ a: Variable<Number>, _ b: Variable<Number>) -> Variable<Number> {
    check(a, b)
    let y = result(a.rows, a.columns, of: a, b)
    y.start.clear(y.count)
    loops.addProducts(y.start, a.start, b.start, y.count)
    record(y) { [loops] dy in
      if let target = a.target { loops.addProducts(target, dy, b.start, a.count) }
      if let target = b.target { loops.addProducts(target, dy, a.start, b.count) }
    }
    return y
  }

  /// x · factor.
  public func scaled(_ x: Variable<Number>, by factor: Number) -> Variable<Number> {
    let y = result(x.rows, x.columns, of: x)
    y.start.clear(y.count)
    loops.addScaled(y.start, x.start, factor, y.count)
    record(y) { [loops] dy in
      if let target = x.target { loops.addScaled(target, dy, factor, x.count) }
    }
    return y
  }

  /// curve(x), element by element.
  public func curve(_ curve: Curve, _ x: Variable<Number>) -> Variable<Number> {
    let y = result(x.rows, x.columns, of: x)
    loops.curve(curve, y.start, x.start, y.count)
    record(y) { [loops] dy in
      if let target = x.target { loops.curveGradient(curve, target, x.start, dy, x.count) }
    }
    return y
  }

  /// Each number is 0 with `probability` and otherwise scaled so that the mean stays; x itself if nothing is recorded.
  ///
  /// Srivastava et al., "Dropout", JMLR 15 (2014).
  public func dropout(_ x: Variable<Number>, _ probability: Double) -> Variable<Number> {
    precondition(probability >= 0 && probability < 1, "dropout of \(probability)")
    guard isRecording, probability > 0 else { return x }
    let seed = nextDropoutSeed()
    let y = result(x.rows, x.columns, of: x)
    loops.dropout(y.start, x.start, y.count, seed, probability, false)
    record(y) { [loops] dy in
      if let target = x.target { loops.dropout(target, dy, x.count, seed, probability, true) }
    }
    return y
  }

  /// Σ x, one number.
  public func total(_ x: Variable<Number>) -> Variable<Number> {
    let y = result(1, 1, of: x)
    y.start[0] = Number(loops.sum(x.start, x.count))
    record(y) { dy in
      guard let target = x.target else { return }
      for i in 0 ..< x.count { target[i] += dy[0] }
    }
    return y
  }

  private func check(_ a: Variable<Number>, _ b: Variable<Number>) {
    precondition(
      a.rows == b.rows && a.columns == b.columns,
      "(\(a.rows), \(a.columns)) and (\(b.rows), \(b.columns))"
    )
  }
}
