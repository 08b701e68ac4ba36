internal import Models
import Tensors

extension LlamaWeights {
  /// The same model with the neurons of every layer in the order of experts; it computes the same.
  ///
  /// Clusters are those of `gate` rows, which make neurons sparse, or of `up` rows where there are no gates.
  ///
  /// - Parameters:
  ///   - experts: of each layer; divides its neurons.
  ///   - curve: of the neurons.
  ///   - seed: chooses where the clusterings begin.
  ///   - hears: is told how many layers are done.
  /// - Returns: the weights, and for every layer its neurons in their new order.
  func split(
    experts: Int,
    curve: Curve,
    seed: UInt64,
    hears: (Int) -> Void
  ) -> (weights: LlamaWeights, orders: [[Int]]) {
    var (result, orders) = (self, [[Int]]())
    for index in layers.indices {
      let own = FeedForwardWeights(layers[index], curve: curve)
      var random = SeededRandom(seed: seed &* 31 &+ UInt64(index))
      let split = ExpertSplit(clustering: own, experts: experts, using: &random)
      let ordered = split.permuted(own)
      result.layers[index].gate = ordered.gate
      result.layers[index].gateBias = ordered.gateBias
      result.layers[index].up = ordered.up
      result.layers[index].upBias = ordered.upBias
      result.layers[index].down = ordered.down
      orders.append(split.order)
      hears(index + 1)
    }
    return (result, orders)
  }
}
