public import Tensors

/// A feed-forward layer at work.
public struct FeedForwardPass<Number: Real> {
  /// From 0.
  public let layer: Int
  /// (rows, width): what goes in.
  public let input: Variable<Number>
  /// (rows, ffnWidth): what goes into the neurons' curve.
  public let raised: Variable<Number>
  /// (rows, ffnWidth): what the neurons give.
  public let neurons: Variable<Number>
}
