public import Models
public import Tensors

/// A linear map that is learned.
public struct DenseParameters<Number: Real>: Sendable {
  /// (outputs, inputs).
  public let weight: Parameter<Number>
  /// (1, outputs).
  public let bias: Parameter<Number>

  /// A map from its parts: (outputs, inputs) and (1, outputs).
  init(weight: Parameter<Number>, bias: Parameter<Number>) {
    self.weight = weight
    self.bias = bias
  }

  /// Takes a map of a checkpoint over.
  ///
  /// - Parameters:
  ///   - name: what files call it, without `.weight` and `.bias`.
  ///   - dense: its numbers now.
  public init(_ name: String, _ dense: Dense) {
    weight = .init("\(name).weight", dense.matrix)
    bias = .init("\(name).bias", dense.bias)
  }

  /// A map that has learned nothing: normal numbers of a deviation of 0.02, and no bias, as BERT begins.
  ///
  /// - Parameters:
  ///   - name: what files call it, without `.weight` and `.bias`.
  ///   - outputs: rows.
  ///   - inputs: columns.
  ///   - random: where the numbers come from.
  public init(fresh name: String, outputs: Int, inputs: Int, _ random: inout SeededRandom) {
    let values = (0 ..< outputs * inputs).map { _ in Number(0.02 * random.normal()) }
    weight = Parameter("\(name).weight", rows: outputs, columns: inputs, values: values)
    bias = Parameter(
      "\(name).bias",
      rows: 1,
      columns: outputs,
      values: .init(repeating: 0, count: outputs)
    )
  }

  /// Its numbers now, as a checkpoint holds them.
  public var dense: Dense { Dense(matrix: weight.matrix, bias: bias.floats) }

  /// x · weightᵀ + bias.
  func callAsFunction(_ x: Variable<Number>, _ tape: Tape<Number>) -> Variable<Number> {
    tape.linear(x, tape.variable(weight), tape.variable(bias))
  }
}

/// Gain and bias of a layer norm, which are learned.
public struct NormParameters<Number: Real>: Sendable {
  /// (1, width).
  public let gain: Parameter<Number>
  /// (1, width).
  public let bias: Parameter<Number>

  /// A norm from its parts, each (1, width).
  init(gain: Parameter<Number>, bias: Parameter<Number>) {
    self.gain = gain
    self.bias = bias
  }

  /// A norm that has learned nothing: gains of 1, no bias.
  init(unitFor name: String, width: Int) {
    gain = .init("\(name).weight", [Float](repeating: 1, count: width))
    bias = .init("\(name).bias", [Float](repeating: 0, count: width))
  }

  /// Takes a norm of a checkpoint over.
  ///
  /// - Parameters:
  ///   - name: what files call it, without `.weight` and `.bias`.
  ///   - norm: its numbers now.
  public init(_ name: String, _ norm: LayerNorm) {
    gain = .init("\(name).weight", norm.gain)
    bias = .init("\(name).bias", norm.bias)
  }

  /// Its numbers now, as a checkpoint holds them.
  public var norm: LayerNorm { LayerNorm(gain: gain.floats, bias: bias.floats) }

  func callAsFunction(
    _ x: Variable<Number>,
    epsilon: Float,
    _ tape: Tape<Number>
  ) -> Variable<Number> {
    tape.layerNorm(
      x,
      gain: tape.variable(gain),
      bias: tape.variable(bias),
      epsilon: Number(epsilon)
    )
  }
}

extension Parameter {
  convenience init(_ name: String, _ matrix: Matrix) {
    let values = matrix.values(ofRows: 0 ..< matrix.outputs).map { Number($0) }
    self.init(name, rows: matrix.outputs, columns: matrix.inputs, values: values)
  }

  convenience init(_ name: String, _ row: [Float]) {
    self.init(name, rows: 1, columns: row.count, values: row.map { Number($0) })
  }

  var floats: [Float] { values.map { Float($0) } }

  var matrix: Matrix { Matrix(outputs: rows, inputs: columns, values: floats) }
}
