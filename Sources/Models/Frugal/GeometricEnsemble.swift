internal import Foundation

/// What an exit makes of its own and all earlier exits' opinions.
///
/// u = 1/m · Σⱼ exp(vⱼ) · log pⱼ + b, q = softmax(u): a product of the exits' probabilities, each to a power that is learned
/// and positive. v = 0, b = 0 is their geometric mean. Wołczyk et al., "Zero Time Waste: Recycling Predictions in Early Exit
/// Neural Networks", arXiv:2106.05409.
public struct GeometricEnsemble: Sendable, Equatable {
  /// How probabilities are brought together.
  public enum Mean: Sendable, Equatable {
    /// Products of powers: a class that one exit rules out stays out.
    case geometric
    /// Σⱼ exp(vⱼ) · pⱼ + exp(b), normalised: the paper's ablation. b = 0 adds 1 to every class.
    case additive
  }

  /// v: (exits), the logarithms of the weights; not to be decayed, for 0 means a weight of 1.
  public var logWeights: [Double]
  /// b: (classes).
  public var bias: [Double]
  /// How probabilities are brought together.
  public var mean: Mean

  /// An ensemble from its parts.
  public init(logWeights: [Double], bias: [Double], mean: Mean = .geometric) {
    precondition(!logWeights.isEmpty && !bias.isEmpty, "an ensemble of nothing")
    self.logWeights = logWeights
    self.bias = bias
    self.mean = mean
  }

  /// An ensemble where every exit counts alike.
  public init(exits: Int, classes: Int, mean: Mean = .geometric) {
    self.init(
      logWeights: [Double](repeating: 0, count: exits),
      bias: [Double](repeating: 0, count: classes),
      mean: mean
    )
  }

  /// The scores of the ensemble, whose softmax is what it believes; they are not normalised.
  ///
  /// - Parameter logits: of each exit, (classes) each; a constant added to an exit's changes nothing.
  /// - Returns: u: (classes).
  public func scores(_ logits: [ArraySlice<Double>]) -> [Double] {
    precondition(logits.count == logWeights.count, "\(logits.count) exits of \(logWeights.count)")
    var sums = [Double](repeating: 0, count: bias.count)
    for (own, weight) in zip(logits, logWeights) {
      precondition(own.count == bias.count, "\(own.count) classes of \(bias.count)")
      let opinion = mean == .geometric ? logSoftmax(own) : softmax(own)
      for (place, number) in opinion.enumerated() { sums[place] += exp(weight) * number }
    }
    switch mean {
    case .geometric: return zip(sums, bias).map { $0 / Double(logits.count) + $1 }
    case .additive: return zip(sums, bias).map { log($0 + exp($1)) }
    }
  }

  /// What the ensemble believes: (classes), their sum 1.
  public func probabilities(_ logits: [ArraySlice<Double>]) -> [Double] {
    softmax(scores(logits)[...])
  }
}
