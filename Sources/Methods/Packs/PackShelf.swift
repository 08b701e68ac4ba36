internal import Models
import Tensors

/// The tensors of a pack.
struct PackShelf {
  private let path: String
  private let tensors: [String: StoredTensor]
  /// Names of what was packed, in the file's order.
  let names: [String]

  /// Takes a file's tensors.
  init(_ file: Safetensors) throws(FormatError) {
    path = file.path
    var tensors: [String: StoredTensor] = [:]
    for tensor in file.tensors { tensors[tensor.name] = tensor }
    self.tensors = tensors
    names = file.tensors.map(\.name).filter { !$0.hasSuffix(".scales") }
  }

  /// Rows and columns of a tensor.
  ///
  /// - Throws: `FormatError` if it is no matrix.
  func shape(_ name: String) throws(FormatError) -> (rows: Int, columns: Int) {
    guard let tensor = tensors[name], tensor.shape.count == 2, tensor.count > 0 else {
      throw FormatError(path: path, reason: "\(name) is no matrix")
    }
    return (tensor.shape[0], tensor.shape[1])
  }

  /// A matrix as numbers; nil if it was not packed.
  ///
  /// - Throws: `FormatError` if it has another shape or type, no scales, or a number that is not finite.
  func values(_ name: String, _ rows: Int, _ columns: Int) throws(FormatError) -> [Float]? {
    guard let tensor = tensors[name] else { return nil }
    guard tensor.shape == [rows, columns] else {
      throw FormatError(path: path, reason: "\(name) is \(tensor.shape), not (\(rows), \(columns))")
    }
    let values: [Float]
    if tensor.typeName == "I8" {
      guard let scales = tensors["\(name).scales"], scales.type == .f32, scales.count == rows else {
        throw FormatError(path: path, reason: "\(name) has not \(rows) scales")
      }
      let bytes = tensor.file.bytes(tensor.offset ..< tensor.offset + tensor.count)
      values =
        RoundedMatrix(
          bytes: bytes.map { Int8(bitPattern: $0) },
          scales: scales.file.floats(.f32, at: scales.offset, count: rows)
        ).values
    } else if tensor.type == .f32 {
      values = tensor.file.floats(.f32, at: tensor.offset, count: tensor.count)
    } else {
      throw FormatError(path: path, reason: "\(name) is of \(tensor.typeName), not I8 or F32")
    }
    guard values.allSatisfy({ $0.isFinite }) else {
      throw FormatError(path: path, reason: "\(name) holds a number that is not finite")
    }
    return values
  }
}
