/// The angles by which the number pairs of a head turn, position by position.
public struct Turns<Number: Real>: Sendable, Equatable {
  /// Positions there are angles for, from 0.
  public let positions: Int
  /// Pairs of one head: half its width.
  public let pairs: Int
  /// (positions, pairs).
  public let cosines: [Number]
  /// (positions, pairs).
  public let sines: [Number]

  /// A table from its parts: `RopeTable` of Models has such.
  public init(positions: Int, pairs: Int, cosines: [Number], sines: [Number]) {
    precondition(
      pairs > 0 && cosines.count == positions * pairs && sines.count == cosines.count,
      "\(cosines.count) cosines and \(sines.count) sines of (\(positions), \(pairs))"
    )
    self.positions = positions
    self.pairs = pairs
    self.cosines = cosines
    self.sines = sines
  }
}

extension Tape {
  /// Turns every head of every row at the row's position; pair i joins numbers i and i + pairs of a head (rotate-half).
  ///
  /// Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv:2104.09864.
  ///
  /// - Parameters:
  ///   - x: (rows, heads · 2 · pairs): queries, or keys.
  ///   - turns: the angles.
  ///   - positions: of each row in its sequence, below `turns.positions`.
  /// - Returns: like x.
  public func turned(
    _ x: Variable<Number>,
    by turns: Turns<Number>,
    positions: [Int]
  ) -> Variable<Number> {
    let (rows, heads, pairs) = (x.rows, x.columns / (2 * turns.pairs), turns.pairs)
    precondition(x.columns == heads * 2 * pairs, "heads of \(2 * pairs) in \(x.columns)")
    precondition(positions.count == rows, "\(positions.count) positions of \(rows) rows")
    for position in positions {
      precondition(
        position >= 0 && position < turns.positions,
        "position \(position) of \(turns.positions)"
      )
    }
    let y = result(rows, x.columns, of: x)
    let (cosines, sines) = (turns.cosines, turns.sines)
    loops.turn(y.start, x.start, cosines, sines, positions, rows, heads, pairs, false)
    record(y) { [loops] dy in
      guard let target = x.target else { return }
      loops.turn(target, dy, cosines, sines, positions, rows, heads, pairs, true)
    }
    return y
  }
}
