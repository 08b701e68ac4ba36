public import Models
public import Tensors

/// A feed-forward layer: down(curve(up z)), or with gates down(curve(gate z) · up z).
public struct FeedForwardWeights: Sendable {
  /// (neurons, width), followed by the curve; nil without gates.
  public var gate: Matrix?
  /// (neurons); nil is none.
  public var gateBias: [Float]?
  /// (neurons, width); followed by the curve if there are no gates.
  public var up: Matrix
  /// (neurons); nil is none.
  public var upBias: [Float]?
  /// (width, neurons).
  public var down: Matrix
  /// (width), added once whatever neurons run; nil is none.
  public var downBias: [Float]?
  /// What makes neurons sparse.
  public var curve: Curve

  /// A layer from its parts.
  public init(
    gate: Matrix? = nil,
    gateBias: [Float]? = nil,
    up: Matrix,
    upBias: [Float]? = nil,
    down: Matrix,
    downBias: [Float]? = nil,
    curve: Curve
  ) {
    precondition(
      down.inputs == up.outputs && (gate ?? up).outputs == up.outputs,
      "\(gate?.outputs ?? up.outputs) gates, \(up.outputs) neurons, \(down.inputs) inputs of down"
    )
    self.gate = gate
    self.gateBias = gateBias
    self.up = up
    self.upBias = upBias
    self.down = down
    self.downBias = downBias
    self.curve = curve
  }

  /// The layer of an encoder.
  public init(_ layer: BertLayer, curve: Curve) {
    self.init(
      up: layer.up.matrix,
      upBias: layer.up.bias,
      down: layer.down.matrix,
      downBias: layer.down.bias,
      curve: curve
    )
  }

  /// The layer of a language model.
  public init(_ layer: LlamaLayer, curve: Curve) {
    self.init(
      gate: layer.gate,
      gateBias: layer.gateBias,
      up: layer.up,
      upBias: layer.upBias,
      down: layer.down,
      downBias: layer.downBias,
      curve: curve
    )
  }

  /// How many neurons it has.
  public var neurons: Int { up.outputs }

  /// The rows that say what a neuron looks for: those before the curve.
  public var detectors: Matrix { gate ?? up }

  /// What the neurons give: (rows, width) to (rows, neurons).
  public func activations(_ z: Tensor) -> Tensor {
    func through(_ matrix: Matrix, _ bias: [Float]?) -> Tensor {
      let product = z.through(matrix)
      return bias.map(product.plus(rowOf:)) ?? product
    }
    let raised = through(up, upBias)
    guard let gate else { return raised.curved(curve) }
    return through(gate, gateBias).curved(curve).scaled(by: raised)
  }

  /// The layer: (rows, width) to (rows, width).
  public func output(_ z: Tensor) -> Tensor {
    let product = activations(z).through(down)
    return downBias.map(product.plus(rowOf:)) ?? product
  }
}

extension Tensor {
  fileprivate func curved(_ curve: Curve) -> Tensor {
    switch curve {
    case .relu: relu()
    case .gelu: gelu()
    case .geluTanh: geluTanh()
    case .silu: silu()
    case .tanh: hyperbolicTangent()
    }
  }
}
