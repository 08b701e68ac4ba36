public import Models
public import Tensors

extension Turns<Float> {
  /// The angles that a language model turns queries and keys by.
  public init(_ table: RopeTable) {
    self.init(
      positions: table.positions,
      pairs: table.pairs,
      cosines: table.cosines,
      sines: table.sines
    )
  }
}
