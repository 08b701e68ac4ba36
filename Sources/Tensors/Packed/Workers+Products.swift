import CKernels

extension Workers {
  /// y = x · Wᵀ + bias, or y += x · Wᵀ + bias.
  ///
  /// A row of y is the same bit for bit whatever other rows there are.
  ///
  /// - Parameters:
  ///   - matrix: (outputs, inputs).
  ///   - x: (R, inputs).
  ///   - bias: (outputs).
  ///   - adding: whether to add to what y holds.
  ///   - y: (R, outputs).
  public func multiply(
    _ matrix: PackedMatrix,
    _ x: RowBuffer,
    bias: [Float]? = nil,
    adding: Bool = false,
    into y: RowBuffer
  ) {
    precondition(!adding || y.rows == x.rows, "adding \(x.rows) rows to \(y.rows)")
    if !adding { y.resize(rows: x.rows) }
    guard x.rows > 0 else { return }
    product(matrix, x, bias, into: y) { product in
      product.epilogue = adding ? ck_accumulate : ck_store
      ck_run_multiply(crew, &product)
    }
  }

  /// Runs a kernel on a product that is stored.
  func product(
    _ matrix: PackedMatrix,
    _ x: RowBuffer,
    _ bias: [Float]?,
    into y: RowBuffer,
    _ run: (inout ck_product) -> Void
  ) {
    precondition(
      x.width == matrix.inputs && y.width == matrix.outputs && x !== y,
      "multiply: width \(x.width) by (\(matrix.outputs), \(matrix.inputs)) into \(y.width)"
    )
    precondition(bias == nil || bias?.count == matrix.outputs, "bias of \(bias?.count ?? 0)")
    var product = ck_product()
    product.matrix = matrix.matrix
    product.rows = x.rows
    product.x = UnsafePointer(x.values)
    product.x_stride = x.width
    if let kind = matrix.format.activations {
      product.quantized = x.quantized(kind) { storage in
        var storage = storage
        ck_run_quantize(crew, &storage, x.values, x.width, x.width, x.rows)
      }
    }
    product.epilogue = ck_store
    product.y = y.values
    product.y_stride = y.width
    withExtendedLifetime((matrix.memory, x)) {
      if let bias {
        bias.withUnsafeBufferPointer {
          product.bias = $0.baseAddress
          run(&product)
        }
      } else {
        run(&product)
      }
    }
    y.changed()
  }
}
