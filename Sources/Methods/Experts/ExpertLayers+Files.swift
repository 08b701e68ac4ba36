internal import Models
import Tensors

extension ExpertLayers {
  /// As `frugal.json` describes them.
  var json: JSON {
    var members: [JSON.Member] = [
      .init("size", .integer(size)), .init("count", .integer(count)),
      .init("router_hidden", .integer(routers[routers.count - 1].shape.hidden)),
    ]
    if sizes[0] != size || count(of: 0) != count {
      members.append(.init("projection_size", .integer(sizes[0])))
    }
    return .object(members)
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
    var (routers, sizes): ([Router<Float>], [Int]) = ([], [])
    for block in network.blocks {
      let member = block.projection == nil ? "size" : "projection_size"
      guard let size = json[member]?.integer, size > 0, block.neurons % size == 0 else {
        throw FormatError(
          path: path,
          reason: "experts.\(member) does not divide \(block.neurons) neurons"
        )
      }
      let inner = try shelf.parameter(
        Router<Float>.name("inner", block.layer, block.projection),
        rows: nil,
        columns: network.configuration.width
      )
      let outer = try shelf.parameter(
        Router<Float>.name("outer", block.layer, block.projection),
        rows: block.neurons / size,
        columns: inner.rows
      )
      routers.append(Router(inner: inner, outer: outer))
      sizes.append(size)
    }
    self.init(sizes: sizes, routers: routers, of: network)
  }
}
