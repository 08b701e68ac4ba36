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
    guard rows > 0 else { return y }
    loops.product(
      false,
      true,
      rows,
      outputs,
      inputs,
      1,
      x.start,
      inputs,
      weight.start,
      inputs,
      0,
      y.start,
      outputs
    )
    if let bias { loops.addRow(y.start, bias.start, rows, outputs) }
    record(y) { [loops] dy in
      if let dx = x.target {
        loops.product(
          false,
          false,
          rows,
          inputs,
          outputs,
          1,
          dy,
          outputs,
          weight.start,
          inputs,
          1,
          dx,
          inputs
        )
      }
      if let dw = weight.target {
        loops.product(
          true,
          false,
          outputs,
          inputs,
          rows,
          1,
          dy,
          outputs,
          x.start,
          inputs,
          1,
          dw,
          inputs
        )
      }
      if let db = bias?.target { loops.addRows(db, dy, rows, outputs) }
    }
    return y
  }
}
