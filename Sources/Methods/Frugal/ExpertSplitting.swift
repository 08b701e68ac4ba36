internal import Models
import Tensors

extension EncoderNetwork<Float> {
  /// The same encoder with the neurons of every block in the order of experts; it computes the same.
  ///
  /// - Parameters:
  ///   - sizes: neurons of an expert, for each block; divides the block's neurons.
  ///   - seed: chooses where the clusterings begin.
  /// - Returns: a network of its own.
  func split(sizes: [Int], seed: UInt64) -> EncoderNetwork<Float> {
    let blocks = blocks
    precondition(sizes.count == blocks.count, "\(sizes.count) sizes of \(blocks.count) blocks")
    var whole = weights
    var maps: [(up: Dense, down: Dense)] = []
    for (place, block) in blocks.enumerated() {
      let own = FeedForwardWeights(
        up: block.up.dense.matrix,
        upBias: block.up.dense.bias,
        down: block.down.dense.matrix,
        downBias: block.down.dense.bias,
        curve: block.projection == nil ? configuration.activation.curve : .relu
      )
      var random = SeededRandom(seed: seed &* 31 &+ UInt64(place))
      let count = block.neurons / sizes[place]
      let ordered = ExpertSplit(clustering: own, experts: count, using: &random).permuted(own)
      let up = Dense(matrix: ordered.up, bias: ordered.upBias ?? block.up.dense.bias)
      maps.append((up, Dense(matrix: ordered.down, bias: block.down.dense.bias)))
    }
    for index in whole.layers.indices {
      let own = maps[(index + 1) * blocksPerLayer - 1]
      (whole.layers[index].up, whole.layers[index].down) = own
    }
    let projections = projections.map { all in
      all.indices.map { layer in
        LayerProjections<Float> { part in
          let own = maps[layer * blocksPerLayer + part.place]
          let name = { Projection<Float>.name($0, part, layer) }
          return Projection(
            up: DenseParameters(name("up"), own.up),
            down: DenseParameters(name("down"), own.down)
          )
        }
      }
    }
    return EncoderNetwork(
      configuration,
      whole,
      labels: configuration.labels,
      problem: configuration.problem,
      projections: projections,
      seed: seed
    )
  }
}
