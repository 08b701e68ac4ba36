/// The weights of one linear map: `outputs` rows of `inputs` float32 numbers, shared and constant.
///
/// Copies share the numbers. They are either owned or lie, as stored, in a mapped file.
public struct Matrix: Sendable {
  private enum Storage: Sendable {
    case owned([Float])
    case mapped(MappedFile, offset: Int)
  }

  /// Rows: the length of a product.
  public let outputs: Int
  /// Columns: the length of what is multiplied.
  public let inputs: Int
  private let storage: Storage

  /// The number of weights.
  public var parameterCount: Int { outputs * inputs }

  /// Whether the numbers lie in a mapped file, so that they cost no memory of their own.
  public var isMapped: Bool {
    guard case .mapped = storage else { return false }
    return true
  }

  /// Takes `values`, row after row.
  public init(outputs: Int, inputs: Int, values: [Float]) {
    precondition(
      values.count == outputs * inputs,
      "\(values.count) values of a (\(outputs), \(inputs))"
    )
    self.outputs = outputs
    self.inputs = inputs
    storage = .owned(values)
  }

  /// Reads a matrix that is stored row after row; float32 that is aligned stays where it is.
  ///
  /// - Parameters:
  ///   - outputs: rows.
  ///   - inputs: columns, whole blocks of `type`.
  ///   - type: how the numbers are stored.
  ///   - file: where; the matrix keeps it mapped only if it needs it.
  ///   - offset: bytes from the start of the file.
  public init(
    outputs: Int,
    inputs: Int,
    type: ElementType,
    file: MappedFile,
    offset: Int
  ) {
    self.outputs = outputs
    self.inputs = inputs
    let count = outputs * inputs
    if type == .f32, file.alignedFloats(at: offset, count: count) != nil {
      storage = .mapped(file, offset: offset)
    } else {
      storage = .owned(file.floats(type, at: offset, count: count))
    }
  }

  /// y = x · Wᵀ for the first `rows` rows.
  ///
  /// - Parameters:
  ///   - x: (rows, inputs), at least.
  ///   - rows: how many rows to multiply; 0 does nothing.
  ///   - y: (rows, outputs), at least; overwritten.
  public func multiply(_ x: Span<Float>, rows: Int, into y: inout MutableSpan<Float>) {
    precondition(
      rows >= 0 && x.count >= rows * inputs && y.count >= rows * outputs,
      "multiply: \(rows) rows by (\(outputs), \(inputs)): \(x.count) floats in, \(y.count) out"
    )
    guard rows > 0 else { return }
    withPointer { weights in
      x.withUnsafeBufferPointer { x in
        y.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let y = y.baseAddress else { return }
          Tensors.multiply(
            x,
            weights,
            transposed: true,
            into: y,
            rows: rows,
            inner: inputs,
            columns: outputs
          )
        }
      }
    }
  }

  /// A copy of row `index`.
  public func row(_ index: Int) -> [Float] {
    precondition(index >= 0 && index < outputs, "row \(index) of \(outputs)")
    return withPointer {
      Array(UnsafeBufferPointer(start: $0 + index * inputs, count: inputs))
    }
  }

  /// Copies row `index` to the start of `target`, which holds at least `inputs` floats.
  public func copyRow(_ index: Int, into target: inout MutableSpan<Float>) {
    precondition(
      index >= 0 && index < outputs && target.count >= inputs,
      "row \(index) of (\(outputs), \(inputs)) into \(target.count) floats"
    )
    withPointer { weights in
      target.withUnsafeMutableBufferPointer {
        $0.baseAddress?.update(from: weights + index * inputs, count: inputs)
      }
    }
  }

  /// Lends all numbers, row after row.
  public func withValues<Result, Failure: Error>(
    _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withPointer { pointer throws(Failure) in
      try body(UnsafeBufferPointer(start: pointer, count: parameterCount).span)
    }
  }

  private func withPointer<Result, Failure: Error>(
    _ body: (UnsafePointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch storage {
    case .owned(let values):
      return try values.withUnsafeBufferPointer { buffer throws(Failure) in
        guard let address = buffer.baseAddress else {
          preconditionFailure("a matrix of (\(outputs), \(inputs)) has no numbers")
        }
        return try body(address)
      }
    case .mapped(let file, let offset):
      guard let address = file.alignedFloats(at: offset, count: parameterCount) else {
        preconditionFailure("a mapped matrix lost its alignment")
      }
      return try withExtendedLifetime(file) { () throws(Failure) in try body(address) }
    }
  }
}
