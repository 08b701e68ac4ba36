/// Adam with decoupled weight decay, as PyTorch computes it.
///
/// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101.
public final class AdamW<Number: Real>: @unchecked Sendable {
  // Owned by one thread; the threads of a crew work on parts of it that do not overlap, inside `step`.

  /// Parameters that are treated alike.
  public struct Group: Sendable {
    /// Those that are learned.
    public var parameters: [Parameter<Number>]
    /// Multiplies the learning rate.
    public var rateFactor: Double
    /// Share of the learning rate by which weights shrink at every step.
    public var decay: Double

    /// A group from its parts.
    public init(_ parameters: [Parameter<Number>], rateFactor: Double = 1, decay: Double = 0) {
      self.parameters = parameters
      self.rateFactor = rateFactor
      self.decay = decay
    }
  }

  /// The averages of one parameter.
  private struct Moments {
    let parameter: Parameter<Number>
    let group: Int
    let means: Block<Number>
    let squares: Block<Number>
  }

  private let groups: [Group]
  private let moments: [Moments]
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  /// Steps that were made.
  public private(set) var stepCount = 0

  /// Numbers that one thread takes at a time.
  private static var pieceCount: Int { 1 << 16 }

  /// - Parameters:
  ///   - groups: no parameter may be in two.
  ///   - beta1: how much of the mean gradient stays.
  ///   - beta2: how much of the mean square stays.
  ///   - epsilon: keeps the quotient finite.
  public init(
    _ groups: [Group],
    beta1: Double = 0.9,
    beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    self.groups = groups
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    moments = groups.enumerated().flatMap { index, group in
      group.parameters.map {
        Moments(
          parameter: $0,
          group: index,
          means: Block(zeros: $0.count),
          squares: Block(zeros: $0.count)
        )
      }
    }
    let distinct = Set(moments.map { ObjectIdentifier($0.parameter) })
    precondition(distinct.count == moments.count, "a parameter is in two groups")
  }

  /// Changes every parameter that has a gradient and is not frozen, and sets the gradients to 0.
  ///
  /// - Parameters:
  ///   - rate: learning rate of this step, before the groups' factors.
  ///   - crew: whose gradients are summed.
  ///   - normMax: the gradients of all parameters together are scaled down to this length if they are longer.
  /// - Returns: their length before.
  @discardableResult
  public func step(rate: Double, _ crew: Crew<Number>, normMax: Double? = nil) -> Double {
    stepCount += 1
    let pieces = pieces(crew)
    let norm = sum(pieces, crew).squareRoot()
    let factor = normMax.map { norm > $0 ? $0 / (norm + 1e-6) : 1 } ?? 1
    crew.parallel(pieces.count) { self.advance(pieces[$0], rate: rate, factor: Number(factor)) }
    return norm
  }

  /// A run of one parameter's numbers.
  private struct Piece: @unchecked Sendable {
    let moments: Moments
    /// Gradients on the tapes that have one, in their order.
    let slopes: [UnsafeMutablePointer<Number>]
    let start: Int
    let count: Int
  }

  private func pieces(_ crew: Crew<Number>) -> [Piece] {
    moments.flatMap { own -> [Piece] in
      let slopes = crew.tapes.compactMap { $0.slope(of: own.parameter)?.start }
      guard !own.parameter.isFrozen, !slopes.isEmpty else { return [] }
      return stride(from: 0, to: own.parameter.count, by: Self.pieceCount).map { start in
        let count = min(Self.pieceCount, own.parameter.count - start)
        return Piece(moments: own, slopes: slopes.map { $0 + start }, start: start, count: count)
      }
    }
  }

  /// Sums the tapes' gradients into the first one's.
  ///
  /// - Returns: Σ gradient², added up in the order of the pieces.
  private func sum(_ pieces: [Piece], _ crew: Crew<Number>) -> Double {
    let loops = Number.loops
    let squares = Block<Double>(zeros: pieces.count)
    nonisolated(unsafe) let target = squares.start
    crew.parallel(pieces.count) { index in
      let piece = pieces[index]
      for slope in piece.slopes.dropFirst() {
        loops.addScaled(piece.slopes[0], slope, 1, piece.count)
      }
      target[index] = loops.dot(piece.slopes[0], piece.slopes[0], piece.count)
    }
    return squares.values.reduce(0, +)
  }

  private func advance(_ piece: Piece, rate: Double, factor: Number) {
    let (loops, own) = (Number.loops, piece.moments)
    if factor != 1 { loops.scale(piece.slopes[0], factor, piece.count) }
    let group = groups[own.group]
    loops.adamW(
      own.parameter.block.start + piece.start,
      own.means.start + piece.start,
      own.squares.start + piece.start,
      piece.slopes[0],
      piece.count,
      AdamWStep(
        rate: rate * group.rateFactor,
        beta1: beta1,
        beta2: beta2,
        epsilon: epsilon,
        decay: group.decay,
        correction1: 1 - power(beta1, stepCount),
        correction2: 1 - power(beta2, stepCount)
      )
    )
    for slope in piece.slopes { slope.clear(piece.count) }
  }

  /// What another run needs to go on bit for bit: steps, and both averages of every parameter by its name.
  public var state: (steps: Int, averages: [(name: String, means: [Number], squares: [Number])]) {
    (stepCount, moments.map { ($0.parameter.name, $0.means.values, $0.squares.values) })
  }

  /// Takes over what `state` gave.
  ///
  /// - Parameters:
  ///   - steps: that were made.
  ///   - averages: gives both averages of a parameter by its name, as long as the parameter; nil if it has none.
  /// - Returns: whether all parameters were found with the right length; otherwise nothing is as it was, and must not be used.
  public func restore(
    steps: Int,
    averages: (_ name: String) -> (means: [Number], squares: [Number])?
  ) -> Bool {
    stepCount = steps
    for own in moments {
      guard let (means, squares) = averages(own.parameter.name),
        means.count == own.parameter.count, squares.count == own.parameter.count
      else { return false }
      for (block, values) in [(own.means, means), (own.squares, squares)] {
        values.withUnsafeBufferPointer { source in
          if let address = source.baseAddress {
            block.start.update(from: address, count: block.count)
          }
        }
      }
    }
    return true
  }
}
