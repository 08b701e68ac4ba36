import Tensors

/// An exit after a layer: classifier([g ; LN(scores of the exit before)]) with g = tanh(pooler x), x a row of a text.
///
/// The scores of the exit before come in detached: its own loss alone teaches it. Wołczyk et al., "Zero Time Waste",
/// arXiv:2106.05409. Without a cascade it is a head as in Kaya et al., "Shallow-Deep Networks", arXiv:1810.07052.
struct ExitHead<Number: Real>: Sendable {
  /// (width, width), as the model's own head pools.
  let pooler: DenseParameters<Number>
  /// Over the scores of the exit before: (1, classes); nil without a cascade.
  let norm: NormParameters<Number>?
  /// (classes, width), or with a cascade (classes, width + classes).
  let classifier: DenseParameters<Number>

  /// The epsilon of the norm, as PyTorch's.
  static var epsilon: Float { 1e-5 }

  /// Scores of one row for each text.
  ///
  /// - Parameters:
  ///   - x: (texts, width).
  ///   - before: (texts, classes), of the exit before; not asked for without a cascade.
  ///   - tape: where it is recorded.
  /// - Returns: (texts, classes).
  func scores(
    _ x: Variable<Number>,
    before: Variable<Number>?,
    _ tape: Tape<Number>
  ) -> Variable<Number> {
    let pooled = tape.curve(.tanh, pooler(x, tape))
    guard let norm, let before else { return classifier(pooled, tape) }
    let known = norm(tape.detached(before), epsilon: Self.epsilon, tape)
    return classifier(tape.beside([pooled, known]), tape)
  }

  /// All that is learned, in order.
  var parameters: [Parameter<Number>] {
    [pooler.weight, pooler.bias] + (norm.map { [$0.gain, $0.bias] } ?? [])
      + [classifier.weight, classifier.bias]
  }

  /// Multiply-accumulates of one text.
  var cost: Int { pooler.weight.count + classifier.weight.count }
}

extension ExitHead {
  /// A head that begins as the model's own pooler, with a fresh classifier.
  ///
  /// - Parameters:
  ///   - place: among the exits, for its name.
  ///   - pooler: of the model.
  ///   - classes: of the model.
  ///   - isCascaded: whether it hears the exit before.
  ///   - random: where the classifier's numbers come from.
  init(
    _ place: Int,
    pooler: DenseParameters<Number>,
    classes: Int,
    isCascaded: Bool,
    _ random: inout SeededRandom
  ) {
    let width = pooler.weight.rows
    self.pooler = DenseParameters(Self.name("pooler", place), pooler.dense)
    norm = isCascaded ? NormParameters(unitFor: Self.name("norm", place), width: classes) : nil
    classifier = DenseParameters(
      fresh: Self.name("classifier", place),
      outputs: classes,
      inputs: width + (isCascaded ? classes : 0),
      &random
    )
  }

  /// What files call a part of an exit's head.
  static func name(_ part: String, _ place: Int) -> String { "exits.\(place).\(part)" }
}
