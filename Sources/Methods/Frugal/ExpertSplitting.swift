internal import Models
import Tensors

extension EncoderNetwork<Float> {
  /// The same encoder with the neurons of every layer in the order of experts; it computes the same.
  ///
  /// - Parameters:
  ///   - experts: of each layer; divides its neurons.
  ///   - seed: chooses where the clusterings begin.
  /// - Returns: a network of its own.
  func split(experts: Int, seed: UInt64) -> EncoderNetwork<Float> {
    var whole = weights
    for index in whole.layers.indices {
      let layer = whole.layers[index]
      let own = FeedForwardWeights(layer, curve: configuration.activation.curve)
      var random = SeededRandom(seed: seed &* 31 &+ UInt64(index))
      let ordered = ExpertSplit(clustering: own, experts: experts, using: &random).permuted(own)
      whole.layers[index].up = Dense(matrix: ordered.up, bias: ordered.upBias ?? layer.up.bias)
      whole.layers[index].down = Dense(matrix: ordered.down, bias: layer.down.bias)
    }
    return EncoderNetwork(
      configuration,
      whole,
      labels: configuration.labels,
      problem: configuration.problem,
      seed: seed
    )
  }
}
