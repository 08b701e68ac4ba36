import Models
public import Tensors

/// Exit heads of a frozen decoder, which say a class at every token.
///
/// Head m is one linear map over [g ; LN(scores of head m − 1)], g what `DecoderPass.features` gives; the scores come in
/// detached, so that a head's own loss alone teaches it. The last head counts as the backbone's own: it hears no other and no
/// ensemble joins it. At every earlier exit a geometric ensemble joins all heads so far. Wołczyk et al., "Zero Time Waste",
/// arXiv:2106.05409. Without cascade and ensembles these are the heads of Kaya et al., "Shallow-Deep Networks" (SDN),
/// arXiv:1810.07052.
public struct TokenHeads<Number: Real>: Sendable {
  /// How many layers a row has gone through at each exit: ascending, the model's layers last.
  public let layers: [Int]
  /// Numbers that a head reads at every token.
  public let width: Int
  /// Classes of the answers.
  public let classes: Int
  /// Whether heads hear the one before, and ensembles join them; otherwise each stands for itself.
  public let isJoined: Bool
  /// One for each exit: (classes, width), or (classes, width + classes) where it hears the one before.
  let maps: [DenseParameters<Number>]
  /// Over the scores of the head before: of all but the first and the last, if joined.
  let norms: [NormParameters<Number>?]
  /// v of the ensemble at each exit but the last: (1, exit + 1).
  let logWeights: [Parameter<Number>]
  /// b of the ensemble at each exit but the last: (1, classes).
  let biases: [Parameter<Number>]

  /// The epsilon of the norms, as PyTorch's.
  static var epsilon: Float { 1e-5 }

  init(
    layers: [Int],
    width: Int,
    classes: Int,
    isJoined: Bool,
    maps: [DenseParameters<Number>],
    norms: [NormParameters<Number>?],
    logWeights: [Parameter<Number>],
    biases: [Parameter<Number>]
  ) {
    (self.layers, self.width, self.classes) = (layers, width, classes)
    self.isJoined = isJoined
    self.maps = maps
    self.norms = norms
    self.logWeights = logWeights
    self.biases = biases
  }

  /// Heads that have learned nothing, and ensembles that are plain geometric means.
  ///
  /// - Parameters:
  ///   - layers: of the exits: ascending, at least one.
  ///   - width: numbers that a head reads at every token.
  ///   - classes: of the answers, at least one.
  ///   - isJoined: whether heads hear the one before, and ensembles join them.
  ///   - last: the backbone's own head, which is shared; nil begins one.
  ///   - seed: of the fresh numbers.
  public init(
    layers: [Int],
    width: Int,
    classes: Int,
    isJoined: Bool,
    last: DenseParameters<Number>? = nil,
    seed: UInt64
  ) {
    precondition(
      !layers.isEmpty && classes > 0 && zip(layers, layers.dropFirst()).allSatisfy { $0 < $1 },
      "\(classes) classes after layers \(layers)"
    )
    var random = SeededRandom(seed: seed)
    let final = layers.count - 1
    let hears = layers.indices.map { isJoined && $0 > 0 && $0 < final }
    let fresh = layers.indices.map { exit in
      DenseParameters<Number>(
        fresh: "exits.\(exit).head",
        outputs: classes,
        inputs: width + (hears[exit] ? classes : 0),
        &random
      )
    }
    let zeros = [Float](repeating: 0, count: classes)
    self.init(
      layers: layers,
      width: width,
      classes: classes,
      isJoined: isJoined,
      maps: last.map { fresh.dropLast() + [$0] } ?? fresh,
      norms: layers.indices.map { exit in
        guard hears[exit] else { return nil }
        let ones = [Float](repeating: 1, count: classes)
        return NormParameters("exits.\(exit).norm", .init(gain: ones, bias: zeros))
      },
      logWeights: (0 ..< (isJoined ? final : 0)).map { exit in
        Parameter("exits.\(exit).ensemble.weight", [Float](repeating: 0, count: exit + 1))
      },
      biases: (0 ..< (isJoined ? final : 0)).map { Parameter("exits.\($0).ensemble.bias", zeros) }
    )
  }

  /// Exits, the backbone's own head included.
  public var exits: Int { layers.count }

  /// The scores of one head.
  ///
  /// - Parameters:
  ///   - exit: which.
  ///   - x: (rows, width).
  ///   - before: (rows, classes), of the head before; not looked at by a head that does not hear it.
  ///   - tape: where it is recorded.
  /// - Returns: (rows, classes).
  public func logits(
    exit: Int,
    _ x: Variable<Number>,
    before: Variable<Number>?,
    _ tape: Tape<Number>
  ) -> Variable<Number> {
    guard let norm = norms[exit], let before else { return maps[exit](x, tape) }
    // Detached before the norm, whose own gain and bias do learn.
    let known = norm(tape.detached(before), epsilon: Self.epsilon, tape)
    return maps[exit](tape.beside([x, known]), tape)
  }

  /// What an exit believes, before its softmax: the ensemble of all heads so far, or the head alone.
  ///
  /// - Parameters:
  ///   - exit: which.
  ///   - logits: of the heads `0 ... exit`, each (rows, classes).
  ///   - tape: where it is recorded.
  /// - Returns: (rows, classes); not normalised.
  public func scores(
    exit: Int,
    _ logits: [Variable<Number>],
    _ tape: Tape<Number>
  ) -> Variable<Number> {
    precondition(logits.count == exit + 1, "\(logits.count) heads at exit \(exit)")
    guard exit < logWeights.count else { return logits[exit] }
    return tape.geometricMean(
      logits.map { tape.logSoftmax(tape.detached($0)) },
      logWeights: tape.variable(logWeights[exit]),
      bias: tape.variable(biases[exit])
    )
  }

  /// What heads learn: maps and norms, in the order of use.
  public var headParameters: [Parameter<Number>] {
    maps.indices.flatMap { exit in
      [maps[exit].weight, maps[exit].bias] + (norms[exit].map { [$0.gain, $0.bias] } ?? [])
    }
  }

  /// What ensembles learn, in the order of use.
  public var ensembleParameters: [Parameter<Number>] {
    logWeights.indices.flatMap { [logWeights[$0], biases[$0]] }
  }
}
