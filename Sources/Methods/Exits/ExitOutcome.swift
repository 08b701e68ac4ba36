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
}
