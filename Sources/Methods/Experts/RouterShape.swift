/// The shape of a router, |V · relu(W z)| without biases: what predicts how strong each expert's output will be.
///
/// arXiv:2310.04361. It is never negative, so that a threshold relative to the largest prediction keeps all experts at 0.
public struct RouterShape: Sendable, Equatable {
  /// Numbers of a row that goes in.
  public var width: Int
  /// Hidden neurons.
  public var hidden: Int
  /// Predictions that come out.
  public var experts: Int

  /// A router from its widths.
  public init(width: Int, hidden: Int, experts: Int) {
    precondition(width > 0 && hidden > 0 && experts > 0, "(\(width), \(hidden), \(experts))")
    self.width = width
    self.hidden = hidden
    self.experts = experts
  }

  /// Multiply-accumulates of one row; as many as it has weights.
  public var cost: Int { hidden * (width + experts) }

  /// Multiply-accumulates of one row through a routed layer.
  ///
  /// - Parameters:
  ///   - expertsRun: how many of them run, on average.
  ///   - size: neurons of an expert.
  ///   - matrices: of the layer: 2, or 3 with gates.
  /// - Returns: multiply-accumulates of router and experts.
  public func layerCost(expertsRun: Double, size: Int, matrices: Int) -> Double {
    Double(cost) + expertsRun * Double(matrices * width * size)
  }

  /// `layerCost` as a part of what the layer costs without router and with all its experts.
  public func costRatio(expertsRun: Double, size: Int, matrices: Int) -> Double {
    layerCost(expertsRun: expertsRun, size: size, matrices: matrices)
      / Double(matrices * width * size * experts)
  }
}
