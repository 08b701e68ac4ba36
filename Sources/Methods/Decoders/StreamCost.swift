public import Models
public import Tensors

/// What tokens cost that leave a decoder early, in multiply-accumulates: `Cost` of Models, and the exits.
public struct StreamCost: Sendable {
  /// What becomes of the layers that a token has left out.
  public enum Policy: String, Sendable, CaseIterable {
    /// They only get keys and values, of the row as it left.
    case propagate
    /// They are made up for, exactly: later tokens see what they would have seen.
    case `defer`
  }

  private let cost: Cost
  private let layers: [Int]
  /// All heads and ensembles up to each exit.
  private let heads: [Int]
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
    lastHead = heads.maps[heads.exits - 1].weight.count
    var sum = 0
    self.heads = (0 ..< heads.exits).map { exit in
      let joined = exit < heads.logWeights.count ? (exit + 1) * heads.classes : 0
      sum += heads.maps[exit].weight.count + joined
      return sum
    }
  }

  /// A text through all layers, with the backbone's own head at every token and no other exit.
  ///
  /// - Parameter tokens: of the text.
  /// - Returns: multiply-accumulates.
  public func dense(tokens: Int) -> Int {
    cost.causalRows(start: 0, count: tokens) + tokens * lastHead
  }

  /// One token, with all heads and ensembles up to its exit.
  ///
  /// - Parameters:
  ///   - position: in its text, from 0.
  ///   - exit: where it leaves.
  ///   - policy: what becomes of the other layers.
  /// - Returns: multiply-accumulates.
  public func token(position: Int, exit: Int, _ policy: Policy) -> Int {
    let layer = cost.attention(positions: position + 1) + cost.experts
    var whole = layers[exit]
    // Of what is made up for, nobody reads the rows after the last layer: its keys and values are all that is owed.
    if policy == .defer { whole = max(whole, cost.layers - 1) }
    return whole * layer + (cost.layers - whole) * cost.keysAndValues + heads[exit]
  }
}
