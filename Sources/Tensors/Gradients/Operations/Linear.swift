extension Tape {
  /// x · weightᵀ + bias.
  ///
  /// - Parameters:
  ///   - x: (rows, inputs).
  ///   - weight: (outputs, inputs).
  ///   - bias: (1, outputs); nil is none.
  /// - Returns: (rows, outputs).
  public func linear(
    _ x: Variable<Number>,
    _ weight: Variable<Number>,
    _ bias: Variable<Number>? = nil
  ) -> Variable<Number> {
    let (rows, inputs, outputs) = (x.rows, x.columns, weight.rows)
    precondition(weight.columns == inputs, "(\(outputs), \(weight.columns)) of \(inputs) inputs")
    precondition(bias?.count ?? outputs == outputs, "\(bias?.count ?? 0) biases of \(outputs)")
    let y = result(rows, outputs, of: x, weight, bias)
    let (left, right) = (Panel(x.start, rows, inputs), Panel(weight.start, outputs, inputs))
    left.times(right.transposed, to: y.start)
    if let bias { loops.addRow(y.start, bias.start, rows, outputs) }
    record(y) { [loops] dy in
      let slope = Panel(dy, rows, outputs)
      if let dx = x.target { slope.times(right, to: dx, adds: true) }
      if let dw = weight.target { slope.transposed.times(left, to: dw, adds: true) }
      if let db = bias?.target { loops.addRows(db, dy, rows, outputs) }
    }
    return y
  }
}
