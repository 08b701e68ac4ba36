internal import Tensors

/// Tensors that were learned beside a model, by name: float32 matrices and vectors without a number that is not finite.
struct FrugalShelf {
  /// What the file says of itself.
  let metadata: [String: String]
  private let path: String
  private let tensors: [String: StoredTensor]

  /// Opens a file.
  ///
  /// - Throws: `FormatError` if it is no safetensors file.
  init(path: String) throws(FormatError) {
    self.path = path
    var tensors: [String: StoredTensor] = [:]
    let file = try Safetensors(path: path)
    for tensor in file.tensors { tensors[tensor.name] = tensor }
    self.tensors = tensors
    metadata = file.metadata
  }

  /// Numbers in a row, stored with one dimension or as a matrix of one row.
  ///
  /// - Throws: `FormatError` if there are not as many, or one is not finite.
  func vector(_ name: String, count: Int) throws(FormatError) -> [Float] {
    guard let tensor = tensors[name], tensor.type == .f32, tensor.count == count else {
      throw FormatError(path: path, reason: "holds no float32 \(name) of \(count) numbers")
    }
    return try finite(tensor)
  }

  /// Whether nothing else lies here.
  ///
  /// - Throws: `FormatError` that names a tensor which is none of `names`.
  func checkHolds(only names: Set<String>) throws(FormatError) {
    guard let name = tensors.keys.filter({ !names.contains($0) }).min() else { return }
    throw FormatError(path: path, reason: "holds \(name), which no exit has")
  }

  private func finite(_ tensor: StoredTensor) throws(FormatError) -> [Float] {
    let values = tensor.file.floats(.f32, at: tensor.offset, count: tensor.count)
    guard values.allSatisfy({ $0.isFinite }) else {
      throw FormatError(path: path, reason: "\(tensor.name) holds a number that is not finite")
    }
    return values
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
    return Matrix(outputs: shape.outputs, inputs: inputs, values: try finite(tensor))
  }

  /// A linear map with its bias.
  ///
  /// - Throws: as `matrix` and `vector`.
  func dense(_ name: String, outputs: Int, inputs: Int) throws(FormatError) -> Dense {
    Dense(
      matrix: try matrix("\(name).weight", outputs: outputs, inputs: inputs),
      bias: try vector("\(name).bias", count: outputs)
    )
  }

  /// A norm over rows of `width`.
  ///
  /// - Throws: as `vector`.
  func norm(_ name: String, width: Int) throws(FormatError) -> LayerNorm {
    LayerNorm(
      gain: try vector("\(name).weight", count: width),
      bias: try vector("\(name).bias", count: width)
    )
  }
}
