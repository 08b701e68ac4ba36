/// What a policy comes to on some examples.
public struct ExitOutcome: Sendable, Equatable {
  /// When examples left.
  public let policy: ExitPolicy
  /// (exits): how many left at each.
  public let counts: [Int]
  /// How many were answered rightly.
  public let right: Int
  /// What one example cost on average, in the unit of the costs given.
  public let averageCost: Double

  /// How many examples there were.
  public var examples: Int { counts.reduce(0, +) }
  /// The part that was answered rightly, 0...1; 0 without examples.
  public var accuracy: Double { examples == 0 ? 0 : Double(right) / Double(examples) }
}

extension Collection<ExitOutcome> {
  /// The most accurate outcome that costs at most `budget` on average.
  ///
  /// - Parameter budget: in the unit of the costs given: 0.25 of the model without exits, for example.
  /// - Returns: the cheapest of equals; nil if all cost more.
  public func best(budget: Double) -> ExitOutcome? {
    filter { $0.averageCost <= budget }.max {
      $0.right == $1.right ? $0.averageCost > $1.averageCost : $0.right < $1.right
    }
  }

  /// The table of Zero Time Waste: the most accurate outcome within each budget.
  public func table(budgets: [Double]) -> [(budget: Double, best: ExitOutcome?)] {
    budgets.map { ($0, best(budget: $0)) }
  }
  /// The accuracy of these outcomes at exactly some cost: a line between the two next to it.
  ///
  /// The line is what comes of leaving it to chance, text by text, which of the two holds. The most accurate outcome within a
  /// budget was lucky besides, and lies anywhere below it; this was not chosen, so that methods can be told apart.
  ///
  /// - Parameter cost: in the unit of the costs given.
  /// - Returns: 0...1; nil if all cost more, or all less.
  public func accuracy(atCost cost: Double) -> Double? {
    let below = filter { $0.averageCost <= cost }.max { $0.averageCost < $1.averageCost }
    let above = filter { $0.averageCost >= cost }.min { $0.averageCost < $1.averageCost }
    guard let below, let above else { return nil }
    let gap = above.averageCost - below.averageCost
    guard gap > 0 else { return below.accuracy }
    let share = (cost - below.averageCost) / gap
    return below.accuracy + share * (above.accuracy - below.accuracy)
  }
}
