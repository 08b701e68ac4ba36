/// The weights of one linear map: `outputs` rows of `inputs` numbers, shared and constant.
///
/// Copies share the numbers. They are owned, or lie in a file as they were stored, or are packed; what is not owned is
/// decoded whenever it is asked for, which is slow and costs no memory: the reference forward reads them so, and packing.
public struct Matrix: Sendable {
  private enum Storage: Sendable {
    case owned([Float])
    case stored(StoredRows)
    case packed(PackedRows)
  }

  /// Rows: the length of a product.
  public let outputs: Int
  /// Columns: the length of what is multiplied.
  public let inputs: Int
  private let storage: Storage

  /// The number of weights.
  public var parameterCount: Int { outputs * inputs }

  /// Whether the numbers lie in a mapped file or in packed weights, so that they cost no memory of their own.
  public var isMapped: Bool {
    guard case .owned = storage else { return true }
    return false
  }

  /// Whether its numbers lie in tiles, on their own or joined with others.
  public var isPacked: Bool { packedRows != nil }

  /// Which rows of a packed matrix it is, if it is packed.
  var packedRows: PackedRows? {
    guard case .packed(let rows) = storage else { return nil }
    return rows
  }

  /// How its numbers are stored in their file; nil if they are not.
  public var elementType: ElementType? {
    guard case .stored(let rows) = storage else { return nil }
    return rows.type
  }

  /// Its rows as they lie in a file.
  var stored: StoredRows? {
    guard case .stored(let rows) = storage else { return nil }
    return rows
  }

  /// Takes `values`, row after row.
  public init(outputs: Int, inputs: Int, values: [Float]) {
    precondition(
      values.count == outputs * inputs,
      "\(values.count) values of a (\(outputs), \(inputs))"
    )
    self.init(outputs: outputs, inputs: inputs, .owned(values))
  }

  /// Reads a matrix that is stored row after row, where it lies.
  ///
  /// - Parameters:
  ///   - outputs: rows.
  ///   - inputs: columns, whole blocks of `type`.
  ///   - type: how the numbers are stored.
  ///   - file: where; the matrix keeps it mapped.
  ///   - offset: bytes from the start of the file.
  public init(
    outputs: Int,
    inputs: Int,
    type: ElementType,
    file: MappedFile,
    offset: Int
  ) {
    let rows = StoredRows(file: file, offset: offset, type: type, inputs: inputs, order: nil)
    rows.check(outputs: outputs)
    self.init(outputs: outputs, inputs: inputs, .stored(rows))
  }

  /// Reads packed weights.
  public init(_ packed: PackedMatrix) {
    let rows = PackedRows(matrix: packed, firstTile: 0, tilesApart: 1)
    self.init(outputs: packed.outputs, inputs: packed.inputs, rows)
  }

  /// Reads a part of joined packed weights.
  init(outputs: Int, inputs: Int, _ rows: PackedRows) {
    self.init(outputs: outputs, inputs: inputs, .packed(rows))
  }

  private init(outputs: Int, inputs: Int, _ storage: Storage) {
    self.outputs = outputs
    self.inputs = inputs
    self.storage = storage
  }

  /// A matrix of some of the rows: its row i is row `rows[i]` of this one.
  public func selecting(_ rows: [Int]) -> Matrix {
    precondition(rows.allSatisfy { (0 ..< outputs).contains($0) }, "rows of \(outputs)")
    if case .stored(var stored) = storage {
      let old = stored.order
      stored.order = rows.map { old?[$0] ?? Int32($0) }
      return Matrix(outputs: rows.count, inputs: inputs, .stored(stored))
    }
    return Matrix(outputs: rows.count, inputs: inputs, values: rows.flatMap { row($0) })
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
  public func row(_ index: Int) -> [Float] { values(ofRows: index ..< index + 1) }

  /// A copy of some rows, one after the other.
  public func values(ofRows range: Range<Int>) -> [Float] {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= outputs,
      "\(range) of \(outputs) rows"
    )
    switch storage {
    case .owned(let values):
      return Array(values[range.lowerBound * inputs ..< range.upperBound * inputs])
    case .stored(let rows): return rows.decoded(range)
    case .packed(let rows): return range.flatMap { rows.row($0, inputs: inputs) }
    }
  }

  /// How its numbers would be written: as they are stored where they lie in a file, else as floats.
  public var storedType: ElementType { elementType ?? .f32 }

  /// Bytes of all rows in that type.
  public var storedByteCount: Int { storedType.bytes(count: parameterCount) ?? 0 }

  /// The bytes of some rows in that type.
  public func storedBytes(ofRows range: Range<Int>) -> [UInt8] {
    guard let stored, let bytes = stored.type.bytes(count: range.count * inputs) else {
      return values(ofRows: range).withUnsafeBytes { Array($0) }
    }
    return stored.withBytes(range) { Array(UnsafeRawBufferPointer(start: $0, count: bytes)) }
  }

  /// Lends row `index`, `inputs` floats, and decodes it first only where it is not stored as floats.
  func withRow<Result>(_ index: Int, _ body: (UnsafePointer<Float>) -> Result) -> Result {
    precondition((0 ..< outputs).contains(index), "row \(index) of \(outputs)")
    switch storage {
    case .owned(let values):
      return values.withUnsafeBufferPointer { all in
        guard let start = all.baseAddress else { preconditionFailure("\(outputs) rows of nothing") }
        return body(start + index * inputs)
      }
    case .stored(let rows):
      if let start = rows.alignedFloats(row: index) { return body(start) }
    case .packed: break
    }
    return row(index).withUnsafeBufferPointer { row in
      guard let start = row.baseAddress else { preconditionFailure("a row of nothing") }
      return body(start)
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
    if case .stored(let rows) = storage, let address = rows.alignedFloats(outputs: outputs) {
      return try withExtendedLifetime(rows.file) { () throws(Failure) in try body(address) }
    }
    let values = values(ofRows: 0 ..< outputs)
    return try values.withUnsafeBufferPointer { buffer throws(Failure) in
      guard let address = buffer.baseAddress else {
        preconditionFailure("a matrix of (\(outputs), \(inputs)) has no numbers")
      }
      return try body(address)
    }
  }
}
