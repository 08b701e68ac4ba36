import Tensors

/// Which experts run in an encoder's layers.
public struct Routing: Sendable {
  /// Who says how strong experts will be.
  public enum Judge: Sendable, Equatable {
    /// The learned routers.
    case routers
    /// The experts themselves: their true norms, which nobody knows without running them. A reference.
    case oracle
  }

  /// Experts and routers.
  public var experts: ExpertLayers
  /// Who runs, given what is predicted.
  public var selection: ExpertSelection
  /// Who predicts.
  public var judge: Judge

  /// A routing from its parts.
  public init(_ experts: ExpertLayers, _ selection: ExpertSelection, judge: Judge = .routers) {
    self.experts = experts
    self.selection = selection
    self.judge = judge
  }

  /// Sets neurons of experts that do not run to 0, which is what leaving them out comes to.
  ///
  /// - Parameters:
  ///   - pass: the layer at work.
  ///   - tape: which does not record.
  /// - Returns: the neurons that go on, and which experts run: (rows · experts).
  func apply(
    _ pass: FeedForwardPass<Float>,
    _ tape: Tape<Float>
  ) -> (neurons: Variable<Float>, masks: [Bool]) {
    let predictions =
      judge == .oracle
      ? experts.norms(pass, tape)
      : experts.routers[pass.block].predictions(pass.input, tape)
    let masks = selection.masks(predictions.values, experts: predictions.columns)
    let gates = masks.map { $0 ? Float(1) : 0 }
    let open = tape.repeated(
      tape.input(gates, rows: predictions.rows, columns: predictions.columns),
      times: experts.sizes[pass.block]
    )
    return (tape.product(pass.neurons, open), masks)
  }
}
