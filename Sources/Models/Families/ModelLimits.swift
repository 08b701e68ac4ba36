/// The largest shapes that are read.
///
/// They are far above any model that runs on a CPU, and keep every
/// product of two of them within 64 bits.
public enum ModelLimits {
  /// Transformer layers.
  public static let layersMax = 512
  /// Width of the residual stream, and of all heads together.
  public static let widthMax = 65_536
  /// Attention heads.
  public static let headsMax = 1_024
  /// Neurons of one feed-forward layer.
  public static let ffnWidthMax = 1 << 20
  /// Tokens.
  public static let vocabularyMax = 1 << 22
  /// Positions of one sequence.
  public static let positionsMax = 1 << 20
  /// Segments of a BERT encoder.
  public static let typesMax = 1_024
  /// Outputs of a classification head.
  public static let labelsMax = 65_536

  /// Whether the cost of one full context can be counted in 64 bits with room for every part.
  static func canCount(_ cost: Cost, positions: Int) -> Bool {
    let row = Double(cost.projections + cost.experts) + Double(cost.mixing) * Double(positions)
    let whole = row * Double(positions) * Double(cost.layers)
    return whole + Double(cost.head) * Double(positions) < 0x1p60
  }
}
