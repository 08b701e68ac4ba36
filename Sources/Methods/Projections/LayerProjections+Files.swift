internal import Models
import Tensors

extension LayerProjections<Float> {
  /// Lies beside the weights of a model whose projections were replaced.
  static let tensorsIn = "projections.safetensors"

  /// Reads what `write` wrote.
  ///
  /// - Throws: `FormatError` that names the tensor.
  static func read(
    _ folder: String,
    _ configuration: BertConfiguration
  ) throws(FormatError) -> [LayerProjections<Float>] {
    let shelf = try TensorShelf(path: "\(folder)/\(tensorsIn)")
    let width = configuration.width
    var all: [LayerProjections<Float>] = []
    for layer in 0 ..< configuration.layers {
      all.append(
        try LayerProjections { (part) throws(FormatError) in
          func map(_ name: String, _ rows: Int?, _ columns: Int?) throws(FormatError)
            -> DenseParameters<Float>
          {
            let name = Projection<Float>.name(name, part, layer)
            let weight = try shelf.parameter("\(name).weight", rows: rows, columns: columns)
            let bias = try shelf.parameter("\(name).bias", rows: 1, columns: weight.rows)
            return DenseParameters(weight: weight, bias: bias)
          }
          let up = try map("up", nil, width)
          return Projection(up: up, down: try map("down", width, up.weight.rows))
        }
      )
    }
    return all
  }

  /// Writes what stands for the projections of all layers into a folder.
  ///
  /// - Throws: `FormatError` if the system refuses.
  static func write(_ all: [LayerProjections<Float>], to folder: String) throws(FormatError) {
    let own = all.flatMap(\.parameters)
    let writer = try SafetensorsWriter(
      path: "\(folder)/\(tensorsIn)",
      entries: own.map { .init($0.name, [$0.rows, $0.columns]) },
      metadata: []
    )
    for parameter in own { try writer.add(parameter.values) }
    try writer.finish()
  }
}
