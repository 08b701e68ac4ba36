import CKernels

extension Workers {
  /// Of `y = x · Wᵀ + bias` the outputs of experts that run, each for the rows that want it; others keep what they hold.
  ///
  /// - Parameters:
  ///   - matrix: (E · S, inputs), or (2 · E · S, inputs) with the tiles of gates and ups in turn.
  ///   - x: (R, inputs).
  ///   - bias: (outputs).
  ///   - chosen: for R rows, with lists.
  ///   - y: (R, outputs).
  public func multiply(
    _ matrix: PackedMatrix,
    _ x: RowBuffer,
    bias: [Float]? = nil,
    into chosen: ChosenExperts,
    _ y: RowBuffer
  ) {
    let neurons = chosen.experts * chosen.size
    precondition(
      matrix.outputs == neurons || matrix.outputs == 2 * neurons,
      "\(matrix.outputs) outputs of \(neurons) neurons"
    )
    precondition(chosen.rows == x.rows, "\(chosen.rows) rows were chosen for, of \(x.rows)")
    precondition(chosen.listed != nil, "no lists of these rows")
    y.resize(rows: x.rows)
    guard x.rows > 0 else { return }
    product(matrix, x, bias, into: y) { product in
      var lists = chosen.storage
      ck_run_into_experts(crew, &product, &lists)
    }
  }

  /// The activation of the neurons of experts that run; what else a product from these experts reads becomes 0.
  ///
  /// - Parameters:
  ///   - kind: which one.
  ///   - x: (R, E · S), or twice as wide for `siluGate`.
  ///   - chosen: for R rows.
  ///   - y: (R, E · S); x itself but for `siluGate`.
  ///   - format: of the matrix that y is multiplied with next; its bytes are made on the way.
  public func activate(
    _ kind: RowActivation,
    _ x: RowBuffer,
    of chosen: ChosenExperts,
    into y: RowBuffer,
    for format: WeightFormat
  ) {
    precondition(y.width == chosen.experts * chosen.size && chosen.rows == x.rows)
    if kind == .siluGate {
      precondition(x.width == 2 * y.width && x !== y)
      y.resize(rows: x.rows)
    } else {
      precondition(x === y, "only siluGate has another output")
    }
    var lists = chosen.storage
    y.rewrite(for: format) { bytes in
      ck_run_expert_activation(crew, bytes, kind.code, &lists, format.code, y.values, x.values)
    }
  }

  /// y = x · Wᵀ + bias, of a row's neurons only those that its experts have.
  ///
  /// Bit for bit what `multiply` gives where all other neurons are 0.
  ///
  /// - Parameters:
  ///   - matrix: (outputs, E · S).
  ///   - x: (R, E · S), as `activate` left it.
  ///   - bias: (outputs).
  ///   - chosen: for R rows, with lists for the format of `matrix`.
  ///   - y: (R, outputs).
  public func multiply(
    _ matrix: PackedMatrix,
    _ x: RowBuffer,
    bias: [Float]? = nil,
    from chosen: ChosenExperts,
    into y: RowBuffer
  ) {
    precondition(
      matrix.inputs == chosen.experts * chosen.size,
      "\(matrix.inputs) inputs of \(chosen.experts) experts of \(chosen.size)"
    )
    precondition(chosen.rows == x.rows, "\(chosen.rows) rows were chosen for, of \(x.rows)")
    precondition(chosen.listed == matrix.format, "no lists of these rows for \(matrix.format)")
    y.resize(rows: x.rows)
    guard x.rows > 0 else { return }
    product(matrix, x, bias, into: y) { product in
      var lists = chosen.storage
      ck_run_from_experts(crew, &product, &lists)
    }
  }
}
