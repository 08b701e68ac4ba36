/// The shape of one attention layer.
public struct AttentionShape: Sendable, Equatable {
  /// Query heads, H.
  public var heads: Int
  /// Key/value heads, G; divides H.
  ///
  /// Each serves H/G query heads.
  ///
  /// Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models", arXiv:2305.13245.
  public var groups: Int
  /// Width of a head, W.
  public var headWidth: Int

  /// Joins the three numbers; G must divide H.
  public init(heads: Int, groups: Int, headWidth: Int) {
    precondition(heads > 0 && groups > 0 && headWidth > 0 && heads.isMultiple(of: groups))
    self.heads = heads
    self.groups = groups
    self.headWidth = headWidth
  }

  /// Floats in one row of queries: H · W.
  public var queryWidth: Int { heads * headWidth }
  /// Floats in one row of keys or of values: G · W.
  public var keyWidth: Int { groups * headWidth }
  /// What scores are multiplied with: 1/√W.
  public var scale: Float { 1 / Float(headWidth).squareRoot() }
}
