/// How examples are shuffled and dealt to parts, the same way for the same seed and count.
public struct SplitPlan: Sendable, Equatable {
  /// How large a part is.
  public enum Share: Sendable, Equatable {
    /// A part of all examples, in 0 ... 1.
    case fraction(Double)
    /// So many examples.
    case count(Int)
    /// All that the parts before it leave.
    case rest
  }

  /// A part and its size.
  public struct Part: Sendable, Equatable {
    /// Such as "train".
    public var name: String
    /// How large it is.
    public var share: Share

    /// A part of that size.
    public init(_ name: String, _ share: Share) {
      self.name = name
      self.share = share
    }
  }

  /// Decides the order.
  public var seed: UInt64
  /// The parts, in the order in which examples are dealt; what no part takes is left out.
  public var parts: [Part]

  /// A plan for any number of examples.
  public init(seed: UInt64, parts: [Part]) {
    self.seed = seed
    self.parts = parts
  }

  /// Deals the numbers `0 ..< count`, shuffled.
  ///
  /// - Parameters:
  ///   - count: how many examples there are.
  ///   - name: what errors call them.
  /// - Returns: for each part the numbers of its examples, none in two parts, in the shuffled order.
  /// - Throws: `DatasetError` if a part would be empty, or the parts take more than there is.
  public func deal(_ count: Int, of name: String) throws(DatasetError) -> [[Int]] {
    let order = SeededRandom.order(count: count, seed: seed)
    var result: [[Int]] = []
    // Shares are added up before they are rounded, so that parts which are a whole together take everything.
    var place = 0.0
    for part in parts {
      let begin = Int(place.rounded())
      switch part.share {
      case .fraction(let fraction): place += fraction * Double(count)
      case .count(let count): place += Double(count)
      case .rest: place = Double(count)
      }
      let end = place.rounded()
      guard end <= Double(count) else {
        let reason = "the parts up to \"\(part.name)\" take \(Int(end)) of \(count) examples"
        throw DatasetError(path: name, reason: reason)
      }
      guard Int(end) > begin else {
        let reason = "the part \"\(part.name)\" would be empty: \(part.share) of \(count) examples"
        throw DatasetError(path: name, reason: reason)
      }
      result.append(Array(order[begin ..< Int(end)]))
    }
    return result
  }
}

extension SplitPlan.Share: CustomStringConvertible {
  /// `15 %`, `2000` or `the rest`.
  public var description: String {
    switch self {
    case .fraction(let fraction): "\(percent(fraction)) %"
    case .count(let count): "\(count)"
    case .rest: "the rest"
    }
  }
}

/// In hundredths, with a point only where it is needed.
private func percent(_ fraction: Double) -> String {
  let text = "\((fraction * 100_000).rounded() / 1000)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

extension Dataset {
  /// Shuffles and deals the examples.
  ///
  /// - Parameter plan: the parts and the seed.
  /// - Returns: a set for each part, in the plan's order, all with the labels of this one.
  /// - Throws: `DatasetError` if a part would be empty, or the parts take more than there is.
  public func split(_ plan: SplitPlan) throws(DatasetError) -> [Dataset] {
    try plan.deal(items.count, of: name).map { order in
      var part = self
      part.items = order.map { items[$0] }
      return part
    }
  }
}
