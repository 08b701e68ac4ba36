public import Tensors

/// A feed-forward layer at work, or a projection of attention that was replaced by two maps with neurons between.
public struct FeedForwardPass<Number: Real> {
  /// Its place in `EncoderNetwork.blocks`; in a language model, and in an encoder whose projections are whole, its layer.
  public let block: Int
  /// From 0.
  public let layer: Int
  /// Which projection; nil is the feed-forward layer.
  public let projection: ProjectionPart?
  /// (rows, width): what goes in.
  public let input: Variable<Number>
  /// (rows, neurons): what goes into the neurons' curve.
  public let raised: Variable<Number>
  /// (rows, neurons): what the neurons give.
  public let neurons: Variable<Number>
}

/// Neurons between two maps: a feed-forward layer, or a projection of attention that was replaced.
struct NeuronBlock<Number: Real> {
  /// From 0.
  let layer: Int
  /// Which projection; nil is the feed-forward layer.
  let projection: ProjectionPart?
  /// (neurons, width).
  let up: DenseParameters<Number>
  /// (width, neurons).
  let down: DenseParameters<Number>

  /// How many there are.
  var neurons: Int { up.weight.rows }

  /// For people.
  var name: String { "layer \(layer + 1)" + (projection.map { ", \($0.rawValue)" } ?? "") }
}
