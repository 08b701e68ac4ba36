public import Tensors

/// Two linear maps with neurons of max(x, 0) between, which stand for one of attention's: down(relu(up x)).
///
/// Stage 0 of D2DMoE, arXiv:2310.04361: neurons can be made sparse and cut into experts, a linear map cannot.
public struct Projection<Number: Real>: Sendable {
  /// (neurons, width).
  public let up: DenseParameters<Number>
  /// (width, neurons).
  public let down: DenseParameters<Number>

  /// A projection from its parts.
  public init(up: DenseParameters<Number>, down: DenseParameters<Number>) {
    precondition(down.weight.columns == up.weight.rows, "\(down.weight.columns) neurons")
    self.up = up
    self.down = down
  }

  /// All that is learned.
  var parameters: [Parameter<Number>] { [up.weight, up.bias, down.weight, down.bias] }
}

/// What stands for the four projections of one layer's attention.
public struct LayerProjections<Number: Real>: Sendable {
  /// Each for one linear map.
  public let query, key, value, output: Projection<Number>

  /// The one that stands for `part`.
  public subscript(part: ProjectionPart) -> Projection<Number> {
    switch part {
    case .query: query
    case .key: key
    case .value: value
    case .output: output
    }
  }

  /// One for each part.
  init<E: Error>(_ make: (ProjectionPart) throws(E) -> Projection<Number>) throws(E) {
    query = try make(.query)
    key = try make(.key)
    value = try make(.value)
    output = try make(.output)
  }

  /// All that is learned.
  var parameters: [Parameter<Number>] { ProjectionPart.allCases.flatMap { self[$0].parameters } }
}

extension Projection {
  /// What files call its tensors.
  static func name(_ map: String, _ part: ProjectionPart, _ layer: Int) -> String {
    EncoderParameterNames().part("\(part.tensorName).\(map)", of: layer)
  }

  /// One that has learned nothing: uniform numbers within 1 / √inputs, as linear maps begin in PyTorch.
  ///
  /// - Parameters:
  ///   - part: whom it stands for.
  ///   - layer: from 0.
  ///   - width: of rows.
  ///   - neurons: between the maps.
  ///   - random: where the numbers come from.
  init(
    freshFor part: ProjectionPart,
    _ layer: Int,
    width: Int,
    neurons: Int,
    _ random: inout SeededRandom
  ) {
    func map(_ name: String, _ rows: Int, _ columns: Int) -> DenseParameters<Number> {
      let bound = 1 / Double(columns).squareRoot()
      let name = Self.name(name, part, layer)
      let values = (0 ..< rows * columns).map { _ in
        Number((2 * Double(random.unit()) - 1) * bound)
      }
      return DenseParameters(
        weight: Parameter("\(name).weight", rows: rows, columns: columns, values: values),
        bias: Parameter(
          "\(name).bias",
          rows: 1,
          columns: rows,
          values: .init(repeating: 0, count: rows)
        )
      )
    }
    self.init(up: map("up", neurons, width), down: map("down", width, neurons))
  }
}
