import Models

/// How often a model is right.
public struct Accuracy: Sendable, Equatable {
  /// Examples.
  public let count: Int
  /// Those whose likeliest label is the right one; for several labels, those of which every label is right.
  public let right: Int
  /// For each example whether it was right.
  public let isRight: [Bool]

  /// Holds answers against labels.
  ///
  /// - Parameters:
  ///   - logits: for each example (labels).
  ///   - labels: for each example; where there is always one it is compared with the largest logit, else each label counts
  ///     as given if its logit is above 0.
  public init(_ logits: [[Float]], _ labels: [[Int]]) {
    precondition(logits.count == labels.count, "\(logits.count) answers of \(labels.count)")
    let isSingle = labels.allSatisfy { $0.count == 1 }
    isRight = zip(logits, labels).map { logits, labels in
      guard isSingle else { return logits.indices.filter { logits[$0] > 0 } == labels }
      return logits.indices.max { logits[$0] < logits[$1] } == labels[0]
    }
    count = isRight.count
    right = isRight.count { $0 }
  }

  /// Share of the examples, 0 to 1; 0 of none.
  public var share: Double { count > 0 ? Double(right) / Double(count) : 0 }

  /// Half the width of the interval that holds the true share with 95 %, by the normal approximation.
  public var margin: Double { Self.margin(share: share, count: count) }

  /// The same for a share of so many examples.
  static func margin(share: Double, count: Int) -> Double {
    count > 0 ? 1.96 * (share * (1 - share) / Double(count)).squareRoot() : 0
  }

  var json: JSON {
    .object([
      .init("examples", .integer(count)), .init("right", .integer(right)),
      .init("accuracy", .number(share)), .init("margin_95", .number(margin)),
    ])
  }
}
