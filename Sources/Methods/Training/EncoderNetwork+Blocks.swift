import Tensors

extension EncoderNetwork {
  /// Blocks of neurons in a layer: the feed-forward layer, after the four projections where those were replaced.
  var blocksPerLayer: Int {
    layers.first?.projections == nil ? 1 : 1 + ProjectionPart.allCases.count
  }

  /// All neurons between two maps, in the order of use.
  var blocks: [NeuronBlock<Number>] {
    layers.enumerated().flatMap { index, layer -> [NeuronBlock<Number>] in
      let own = layer.projections.map { projections in
        ProjectionPart.allCases.map { part -> NeuronBlock<Number> in
          let maps = projections[part]
          return NeuronBlock(layer: index, projection: part, up: maps.up, down: maps.down)
        }
      }
      return (own ?? [])
        + [NeuronBlock(layer: index, projection: nil, up: layer.up, down: layer.down)]
    }
  }

  /// What stands for attention projections; nil where they are themselves.
  var projections: [LayerProjections<Number>]? {
    let own = layers.compactMap(\.projections)
    return own.isEmpty ? nil : own
  }
}

extension EncoderNetwork.Layer {
  /// One of the four linear maps around attention.
  func linear(_ part: ProjectionPart) -> DenseParameters<Number> {
    switch part {
    case .query: query
    case .key: key
    case .value: value
    case .output: output
    }
  }

  /// Of the four linear maps.
  var linearParameters: [Parameter<Number>] {
    ProjectionPart.allCases.flatMap { [linear($0).weight, linear($0).bias] }
  }
}

extension ProjectionPart {
  /// Its place among the four.
  var place: Int {
    switch self {
    case .query: 0
    case .key: 1
    case .value: 2
    case .output: 3
    }
  }
}
