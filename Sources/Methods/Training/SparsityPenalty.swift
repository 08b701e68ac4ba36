import Tensors

/// A penalty on the activations of feed-forward neurons, so that few of them are left on.
///
/// Stage 1 of DSTI (arXiv:2310.04361, first version, L1) and of D2DMoE (its fourth version, square Hoyer).
public struct SparsityPenalty: Sendable, Equatable {
  /// What is added to the loss.
  public enum Measure: String, Sendable, CaseIterable {
    /// (Σ|a|)² / Σa², divided by the neurons of a layer: the share of neurons that are on, whatever their size.
    case hoyer
    /// Σ|a|, divided by the neurons of a layer.
    case l1
    /// Σ max(u, −10) + 10 over what goes into the neurons, divided by as many: pushes a GELU to where it is off.
    case clampedL1 = "clamped-l1"
    /// The Hoyer measure of max(u, −10) + 10 over what goes into the neurons, divided by as many.
    case clampedHoyer = "clamped-hoyer"
  }

  /// What is added to the loss.
  public var measure: Measure
  /// Its weight beside the loss, once it is reached.
  public var weight: Double
  /// Share of the run over which the weight rises from 0 along a line.
  public var ramp: Double

  /// A penalty from its parts.
  public init(_ measure: Measure, weight: Double, ramp: Double = 0.5) {
    self.measure = measure
    self.weight = weight
    self.ramp = ramp
  }

  /// The weight at a step.
  ///
  /// - Parameters:
  ///   - step: from 0.
  ///   - total: steps of the run.
  /// - Returns: 0 to `weight`.
  func weight(step: Int, of total: Int) -> Double {
    let rising = ramp * Double(total)
    return rising > 0 ? weight * min(1, Double(step) / rising) : weight
  }

  /// The mean over all layers of what is added for each, and the same over projections that were replaced, as much again.
  ///
  /// - Parameters:
  ///   - passes: every layer's feed-forward pass; at least one.
  ///   - tape: where they were recorded.
  /// - Returns: one number.
  func penalty(_ passes: [FeedForwardPass<Float>], _ tape: Tape<Float>) -> Variable<Float> {
    let projections = passes.count { $0.projection != nil }
    var sum: Variable<Float>?
    for pass in passes {
      let alike = pass.projection == nil ? passes.count - projections : projections
      let own =
        switch measure {
        case .hoyer: tape.hoyer(pass.neurons)
        case .l1: tape.l1(pass.neurons)
        case .clampedL1: tape.clampedL1(pass.raised)
        case .clampedHoyer: tape.clampedHoyer(pass.raised)
        }
      let share = tape.scaled(own, by: 1 / Float(pass.neurons.columns * alike))
      sum = sum.map { tape.sum($0, share) } ?? share
    }
    guard let sum else { preconditionFailure("a penalty on no layers") }
    return sum
  }

  /// A line that two runs share only if they have the same penalty.
  var fingerprint: String { "\(measure.rawValue) \(weight) ramp \(ramp)" }
}
