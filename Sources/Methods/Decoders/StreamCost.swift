public import Models
public import Tensors

/// What tokens cost that leave a decoder early, in multiply-accumulates: `Cost` of Models, and the exits.
public struct StreamCost: Sendable {
  private let cost: Cost
  private let layers: [Int]
  /// All heads before each exit, and behind them all heads.
  private let heads: [Int]
  /// All ensembles before each exit, and behind them all ensembles.
  private let ensembles: [Int]
  /// Whether later heads hear earlier ones.
  private let isJoined: Bool
  /// The backbone's own head.
  private let lastHead: Int

  /// Counts the exits.
  ///
  /// - Parameters:
  ///   - configuration: of the model.
  ///   - heads: its exits.
  public init<Number: Real>(_ configuration: LlamaConfiguration, _ heads: TokenHeads<Number>) {
    cost = Cost(configuration)
    layers = heads.layers
    isJoined = heads.isJoined
    lastHead = heads.maps[heads.exits - 1].weight.count
    self.heads = heads.maps.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.weight.count) }
    ensembles = (0 ..< heads.exits).reduce(into: [0]) { sums, exit in
      let own = exit < heads.logWeights.count ? (exit + 1) * heads.classes : 0
      sums.append(sums[exit] + own)
    }
  }

  /// A text through all layers, with the backbone's own head at every token and no other exit.
  ///
  /// - Parameter tokens: of the text.
  /// - Returns: multiply-accumulates.
  public func dense(tokens: Int) -> Int {
    cost.causalRows(start: 0, count: tokens) + tokens * lastHead
  }

  /// One token, with what is asked until it leaves, and what later tokens want of it.
  ///
  /// - Parameters:
  ///   - position: in its text, from 0.
  ///   - exit: where it leaves.
  ///   - first: the first exit that is asked, at most `exit`.
  ///   - policy: what becomes of the other layers.
  ///   - reach: how many layers the deepest of all later tokens goes through: what lies behind is owed to nobody, and does not
  ///     run. nil is all layers.
  /// - Returns: multiply-accumulates.
  public func token(
    position: Int,
    exit: Int,
    from first: Int = 0,
    _ policy: StreamPolicy,
    reach: Int? = nil
  ) -> Int {
    let layer = cost.attention(positions: position + 1) + cost.experts
    let owed = max(0, (reach ?? cost.layers) - layers[exit])
    // The last exit's head reads the mean of all rows, so that even of the last layer all is owed.
    let each = policy == .defer ? layer : cost.keysAndValues
    return layers[exit] * layer + owed * each + asking(exit: exit, from: first)
  }

  /// How many layers a token that leaves at an exit has gone through.
  func depth(of exit: Int) -> Int { layers[exit] }

  /// Heads and ensembles that are run from the first exit that is asked to the one where a token leaves.
  ///
  /// An exit that is not asked has no ensemble to run. Its head is run all the same if it is joined, for later heads hear what
  /// it said and later ensembles count it in; plain heads stand for themselves and are left out.
  private func asking(exit: Int, from first: Int) -> Int {
    precondition(first <= exit, "left at exit \(exit), though none before \(first) is asked")
    // The backbone's own head hears no other.
    guard first < layers.count - 1 else { return lastHead }
    let run = heads[exit + 1] - (isJoined ? 0 : heads[first])
    return run + ensembles[exit + 1] - ensembles[first]
  }
}
