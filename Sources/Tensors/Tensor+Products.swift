extension Tensor {
  /// self · other: (R, K) · (K, C) = (R, C).
  public func times(_ other: Tensor) -> Tensor {
    precondition(
      columns == other.rows,
      "times: \(shape) and \(other.shape) share no inner dimension"
    )
    return product(other, transposed: false, inner: columns, columns: other.columns)
  }

  /// self · otherᵀ: (R, K) · (C, K)ᵀ = (R, C).
  public func timesTransposed(_ other: Tensor) -> Tensor {
    precondition(
      columns == other.columns,
      "timesTransposed: \(shape) and \(other.shape) share no inner dimension"
    )
    return product(other, transposed: true, inner: columns, columns: other.rows)
  }

  /// self · weightsᵀ: (R, inputs) to (R, outputs).
  public func through(_ weights: Matrix) -> Tensor {
    precondition(
      columns == weights.inputs,
      "through: \(shape) and (\(weights.outputs), \(weights.inputs)) share no inner dimension"
    )
    var result = [Float](repeating: 0, count: rows * weights.outputs)
    var target = result.mutableSpan
    weights.multiply(values.span, rows: rows, into: &target)
    return Tensor(shape: [rows, weights.outputs], values: result)
  }

  private func product(_ other: Tensor, transposed: Bool, inner: Int, columns: Int) -> Tensor {
    var result = Tensor(zeros: [rows, columns])
    let rows = rows
    values.withUnsafeBufferPointer { a in
      other.values.withUnsafeBufferPointer { b in
        result.values.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          multiply(
            a,
            b,
            transposed: transposed,
            into: c,
            rows: rows,
            inner: inner,
            columns: columns
          )
        }
      }
    }
    return result
  }
}
