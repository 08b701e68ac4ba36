internal import Tensors

/// The tensors of a checkpoint by name, checked as a whole before the first is decoded.
struct WeightShelf {
  /// A tensor that the configuration calls for.
  struct Requirement {
    var name: String
    var shape: [Int]
  }

  /// Writes down what a configuration calls for.
  struct RequirementList {
    /// Whether linear maps are stored (inputs, outputs).
    var isTransposed = false
    private(set) var requirements: [Requirement] = []

    init(isTransposed: Bool = false) { self.isTransposed = isTransposed }

    mutating func add(_ name: String, _ shape: [Int]) {
      requirements.append(Requirement(name: name, shape: shape))
    }

    mutating func map(_ name: String, _ outputs: Int, _ inputs: Int, hasBias: Bool = true) {
      add("\(name).weight", isTransposed ? [inputs, outputs] : [outputs, inputs])
      if hasBias { add("\(name).bias", [outputs]) }
    }

    mutating func norm(_ name: String, _ width: Int, hasBias: Bool = true) {
      add("\(name).weight", [width])
      if hasBias { add("\(name).bias", [width]) }
    }
  }

  private let path: String
  private var tensors: [String: StoredTensor]
  /// Matrices that are packed already.
  private let packed: [String: Matrix]

  /// Weights that are required, each counted once.
  private(set) var parameters = 0

  /// Takes the tensors of a checkpoint; `path` is the file that lists them.
  init(path: String, tensors: [StoredTensor], packed: [String: Matrix] = [:]) throws(FormatError) {
    self.path = path
    self.tensors = [:]
    self.packed = packed
    for tensor in tensors {
      guard self.tensors.updateValue(tensor, forKey: tensor.name) == nil else {
        throw FormatError(
          path: tensor.path,
          offset: tensor.offset,
          reason: "\(tensor.name) appears twice"
        )
      }
    }
  }

  func contains(_ name: String) -> Bool { tensors[name] != nil || packed[name] != nil }

  /// Forgets tensors that are no weights, such as counted positions.
  mutating func ignore(where isBuffer: (String) -> Bool) {
    tensors = tensors.filter { !isBuffer($0.key) }
  }

  /// Takes a small vector off the shelf that the configuration itself depends on.
  mutating func removeVector(_ name: String, countMax: Int) throws(FormatError) -> [Float]? {
    guard let tensor = tensors.removeValue(forKey: name) else { return nil }
    guard tensor.shape.count == 1, tensor.count <= countMax, let type = tensor.type else {
      throw FormatError(
        path: tensor.path,
        offset: tensor.offset,
        reason: "\(name) of shape \(tensor.shape) is no vector of at most \(countMax) numbers"
      )
    }
    return tensor.file.floats(type, at: tensor.offset, count: tensor.count)
  }

  /// Holds every tensor against `requirements`: none missing, none left over, shapes and types right.
  mutating func check(_ requirements: [Requirement]) throws(FormatError) {
    var left = tensors
    var packedLeft = packed
    for requirement in requirements {
      if let matrix = packedLeft.removeValue(forKey: requirement.name) {
        try check(matrix, requirement)
        continue
      }
      guard let tensor = left.removeValue(forKey: requirement.name) else {
        throw FormatError(path: path, reason: "the tensor \(requirement.name) is missing")
      }
      guard tensor.shape == requirement.shape else {
        throw FormatError(
          path: tensor.path,
          offset: tensor.offset,
          reason: "\(tensor.name) has the shape \(tensor.shape), not \(requirement.shape)"
        )
      }
      guard tensor.type != nil else {
        throw FormatError(
          path: tensor.path,
          offset: tensor.offset,
          reason: "\(tensor.name) is \(tensor.typeName); weights are read as F32, F16 or BF16"
        )
      }
      parameters += tensor.count
    }
    if let extra = left.keys.min() ?? packedLeft.keys.min() {
      throw FormatError(
        path: left[extra]?.path ?? path,
        offset: left[extra]?.offset,
        reason: "the tensor \(extra) has no place in this architecture"
      )
    }
  }

  private mutating func check(_ matrix: Matrix, _ requirement: Requirement) throws(FormatError) {
    let shape = [matrix.outputs, matrix.inputs]
    guard shape == requirement.shape else {
      throw FormatError(
        path: path,
        reason: "\(requirement.name) has the shape \(shape), not \(requirement.shape)"
      )
    }
    parameters += matrix.parameterCount
  }

  /// A matrix that `check` has seen.
  func matrix(_ name: String) -> Matrix {
    if let matrix = packed[name] { return matrix }
    let (tensor, type) = checked(name)
    precondition(tensor.shape.count == 2, "\(name) of shape \(tensor.shape) is no matrix")
    return Matrix(
      outputs: tensor.shape[0],
      inputs: tensor.shape[1],
      type: type,
      file: tensor.file,
      offset: tensor.offset
    )
  }

  /// A matrix that `check` has seen, without its first `skipped` rows.
  func matrix(_ name: String, skippingRows skipped: Int) -> Matrix {
    let (tensor, type) = checked(name)
    guard let bytes = type.bytes(count: skipped * tensor.shape[1]) else {
      preconditionFailure("\(skipped) rows of \(name) are no whole blocks")
    }
    return Matrix(
      outputs: tensor.shape[0] - skipped,
      inputs: tensor.shape[1],
      type: type,
      file: tensor.file,
      offset: tensor.offset + bytes
    )
  }

  /// A matrix that `check` has seen and that is stored (inputs, outputs), the other way round.
  func transposedMatrix(_ name: String) -> Matrix {
    let stored = matrix(name)
    let (outputs, inputs) = (stored.inputs, stored.outputs)
    var values = [Float](repeating: 0, count: outputs * inputs)
    stored.withValues { stored in
      // In strips, so that the lines written to stay in the cache until they are full.
      for strip in stride(from: 0, to: outputs, by: 64) {
        for input in 0 ..< inputs {
          for output in strip ..< min(strip + 64, outputs) {
            values[output * inputs + input] = stored[input * outputs + output]
          }
        }
      }
    }
    return Matrix(outputs: outputs, inputs: inputs, values: values)
  }

  /// A vector that `check` has seen.
  func vector(_ name: String) -> [Float] {
    let (tensor, type) = checked(name)
    return tensor.file.floats(type, at: tensor.offset, count: tensor.count)
  }

  private func checked(_ name: String) -> (StoredTensor, ElementType) {
    guard let tensor = tensors[name], let type = tensor.type else {
      preconditionFailure("\(name) was not checked")
    }
    return (tensor, type)
  }
}
