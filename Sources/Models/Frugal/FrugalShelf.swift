internal import Tensors

/// Tensors of `frugal.safetensors`, by name: float32 matrices without a number that is not finite.
struct FrugalShelf {
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

  /// A matrix of a known shape, or with nil outputs of as many as the file says.
  ///
  /// - Throws: `FormatError` if there is none of that shape, or a number in it is not finite.
  func matrix(_ name: String, outputs: Int?, inputs: Int) throws(FormatError) -> Matrix {
    guard let tensor = tensors[name], tensor.type == .f32, tensor.shape.count == 2 else {
      throw FormatError(path: path, reason: "holds no matrix \(name) of float32")
    }
    let shape = (outputs: tensor.shape[0], inputs: tensor.shape[1])
    guard shape.outputs == outputs ?? shape.outputs, shape.outputs > 0, shape.inputs == inputs
    else {
      throw FormatError(
        path: path,
        reason:
          "\(name) is (\(shape.outputs), \(shape.inputs)), not (\(outputs.map { "\($0)" } ?? "any"), \(inputs))"
      )
    }
    let values = tensor.file.floats(.f32, at: tensor.offset, count: tensor.count)
    guard values.allSatisfy({ $0.isFinite }) else {
      throw FormatError(path: path, reason: "\(name) holds a number that is not finite")
    }
    return Matrix(outputs: shape.outputs, inputs: inputs, values: values)
  }

  /// A linear map with its bias.
  ///
  /// - Throws: as `matrix`.
  func dense(_ name: String, outputs: Int, inputs: Int) throws(FormatError) -> Dense {
    Dense(
      matrix: try matrix("\(name).weight", outputs: outputs, inputs: inputs),
      bias: try matrix("\(name).bias", outputs: 1, inputs: outputs).row(0)
    )
  }

  /// A norm over rows of `width`.
  ///
  /// - Throws: as `matrix`.
  func norm(_ name: String, width: Int) throws(FormatError) -> LayerNorm {
    LayerNorm(
      gain: try matrix("\(name).weight", outputs: 1, inputs: width).row(0),
      bias: try matrix("\(name).bias", outputs: 1, inputs: width).row(0)
    )
  }
}
