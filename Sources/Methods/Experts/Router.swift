public import Tensors

/// |V · relu(W z)|, without biases: what predicts how strong each expert's output will be.
///
/// Szatkowski et al., "Exploiting Activation Sparsity with Dense to Dynamic-k Mixture-of-Experts Conversion",
/// arXiv:2310.04361. Never negative, so that a threshold relative to the largest prediction keeps all experts at 0.
public struct Router<Number: Real>: Sendable {
  /// W: (hidden, width).
  public let inner: Parameter<Number>
  /// V: (experts, hidden).
  public let outer: Parameter<Number>

  /// A router from its matrices.
  ///
  /// - Parameters:
  ///   - inner: W: (hidden, width).
  ///   - outer: V: (experts, hidden).
  public init(inner: Parameter<Number>, outer: Parameter<Number>) {
    precondition(outer.columns == inner.rows, "\(outer.columns) of \(inner.rows) hidden neurons")
    self.inner = inner
    self.outer = outer
  }

  /// A router that has learned nothing: uniform numbers within 1 / √inputs, as linear maps begin in PyTorch.
  ///
  /// - Parameters:
  ///   - layer: from 0, for its name.
  ///   - projection: whose experts it picks; nil is the feed-forward layer's.
  ///   - shape: its widths.
  ///   - random: where the numbers come from.
  public init(
    freshFor layer: Int,
    projection: ProjectionPart? = nil,
    _ shape: RouterShape,
    _ random: inout SeededRandom
  ) {
    func matrix(_ name: String, _ rows: Int, _ columns: Int) -> Parameter<Number> {
      let bound = 1 / Double(columns).squareRoot()
      let values = (0 ..< rows * columns).map { _ in
        Number((2 * Double(random.unit()) - 1) * bound)
      }
      return Parameter(
        Self.name(name, layer, projection),
        rows: rows,
        columns: columns,
        values: values
      )
    }
    inner = matrix("inner", shape.hidden, shape.width)
    outer = matrix("outer", shape.experts, shape.hidden)
  }

  /// What files call a matrix of a layer's router.
  static func name(_ part: String, _ layer: Int, _ projection: ProjectionPart? = nil) -> String {
    "routers.\(layer).\(projection.map { "\($0.rawValue)." } ?? "")\(part).weight"
  }

  /// Its widths.
  public var shape: RouterShape {
    RouterShape(width: inner.columns, hidden: inner.rows, experts: outer.rows)
  }

  /// What it predicts: (rows, width) to (rows, experts), none negative.
  public func predictions(_ z: Variable<Number>, _ tape: Tape<Number>) -> Variable<Number> {
    let hidden = tape.curve(.relu, tape.linear(z, tape.variable(inner), nil))
    return tape.size(tape.linear(hidden, tape.variable(outer), nil))
  }
}
