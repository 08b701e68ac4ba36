internal import Models
import Tensors

/// Tensors of a file, by name, as parameters.
struct TensorShelf {
  private let path: String
  private let tensors: [String: StoredTensor]

  /// Opens a file.
  ///
  /// - Throws: `FormatError` if it is no safetensors file.
  init(path: String) throws(FormatError) {
    self.path = path
    var tensors: [String: StoredTensor] = [:]
    for tensor in try Safetensors(path: path).tensors { tensors[tensor.name] = tensor }
    self.tensors = tensors
  }

  /// A matrix of a known shape, or with rows or columns nil of whatever the file says.
  ///
  /// - Throws: `FormatError` if there is none of float32, or it has another shape, or a number that is not finite.
  func parameter(_ name: String, rows: Int?, columns: Int?) throws(FormatError) -> Parameter<Float>
  {
    guard let tensor = tensors[name], tensor.type == .f32, tensor.shape.count == 2 else {
      throw FormatError(path: path, reason: "holds no matrix \(name) of float32")
    }
    let shape = (rows: tensor.shape[0], columns: tensor.shape[1])
    guard shape.rows == rows ?? shape.rows, shape.columns == columns ?? shape.columns else {
      throw FormatError(
        path: path,
        reason:
          "\(name) is (\(shape.rows), \(shape.columns)), not (\(rows ?? shape.rows), \(columns ?? shape.columns))"
      )
    }
    let values = tensor.file.floats(.f32, at: tensor.offset, count: tensor.count)
    guard values.allSatisfy({ $0.isFinite }) else {
      throw FormatError(path: path, reason: "\(name) holds a number that is not finite")
    }
    return Parameter(name, rows: shape.rows, columns: shape.columns, values: values)
  }
}
