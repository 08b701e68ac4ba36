internal import Models
import Tensors

extension ExpertLayers {
  /// As `frugal.json` describes them.
  var json: JSON {
    .object([
      .init("size", .integer(size)), .init("count", .integer(count)),
      .init("router_hidden", .integer(routers[0].shape.hidden)),
    ])
  }

  /// Reads what `json` and `Router.name` wrote.
  ///
  /// - Throws: `FormatError` that names the member or the tensor.
  init(
    _ json: JSON,
    _ shelf: TensorShelf,
    _ network: EncoderNetwork<Float>,
    path: String
  ) throws(FormatError) {
    let neurons = network.configuration.ffnWidth
    guard let size = json["size"]?.integer, size > 0, neurons % size == 0 else {
      throw FormatError(path: path, reason: "experts.size does not divide \(neurons) neurons")
    }
    var routers: [Router<Float>] = []
    for layer in network.layers.indices {
      let inner = try shelf.parameter(
        Router<Float>.name("inner", layer),
        rows: nil,
        columns: network.configuration.width
      )
      let outer = try shelf.parameter(
        Router<Float>.name("outer", layer),
        rows: neurons / size,
        columns: inner.rows
      )
      routers.append(Router(inner: inner, outer: outer))
    }
    self.init(size: size, routers: routers, of: network)
  }
}
