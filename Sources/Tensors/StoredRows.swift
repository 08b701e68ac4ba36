/// The rows of a matrix as they lie in a mapped file.
struct StoredRows: Sendable {
  let file: MappedFile
  let offset: Int
  let type: ElementType
  let inputs: Int
  /// Which stored row is row i; nil if they are in order.
  var order: [Int32]?

  private var rowBytes: Int {
    guard let bytes = type.bytes(count: inputs) else {
      preconditionFailure("\(inputs) inputs are not whole blocks of \(type)")
    }
    return bytes
  }

  /// Whether `outputs` rows lie inside the file.
  func check(outputs: Int) { _ = file.address(offset: offset, bytes: outputs * rowBytes) }

  /// All rows where they lie, if they are floats, in order and aligned.
  func alignedFloats(outputs: Int) -> UnsafePointer<Float>? {
    guard type == .f32, order == nil else { return nil }
    return file.alignedFloats(at: offset, count: outputs * inputs)
  }

  /// One row where it lies, if it is of floats and aligned.
  func alignedFloats(row index: Int) -> UnsafePointer<Float>? {
    guard type == .f32 else { return nil }
    let place = order.map { Int($0[index]) } ?? index
    return file.alignedFloats(at: offset + place * rowBytes, count: inputs)
  }

  /// Rows as floats, one after the other.
  func decoded(_ range: Range<Int>) -> [Float] {
    guard let order else {
      return file.floats(
        type,
        at: offset + range.lowerBound * rowBytes,
        count: range.count * inputs
      )
    }
    return order[range].flatMap {
      file.floats(type, at: offset + Int($0) * rowBytes, count: inputs)
    }
  }

  /// Rows as they are stored, one after the other.
  func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawPointer) -> Result) -> Result {
    guard let order else {
      let start = offset + range.lowerBound * rowBytes
      return body(file.address(offset: start, bytes: range.count * rowBytes))
    }
    let bytes = order[range].flatMap { row in
      let start = offset + Int(row) * rowBytes
      return file.bytes(start ..< start + rowBytes)
    }
    return bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { preconditionFailure("\(range) has no bytes") }
      return body(start)
    }
  }
}
