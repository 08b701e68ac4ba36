import Foundation

/// Up to which share of a layer's experts it takes less time to run these than to run the layer whole, as measured on this machine.
public struct PayingShare: Sendable, Equatable {
  /// In a step of so many rows, and on up to the next.
  public let rows: Int
  /// Of the experts, that each row picks: 0 to 1.
  public let share: Double
}

extension ExpertRates {
  /// Says how a step is decided whose rows pick equally many experts, each as likely as the others.
  ///
  /// - Parameter experts: of a layer.
  /// - Returns: a share for each number of rows that was measured, ascending.
  func payingShares(experts: Int) -> [PayingShare] {
    rates.map { rate in
      let most = (1 ... experts).last { picks in
        // What nobody picked is 1 - share to the power of the rows.
        let missed = pow(1 - Double(picks) / Double(experts), Double(rate.rows))
        let union = (Double(experts) * (1 - missed)).rounded()
        return paysToSkip(rows: rate.rows, pairs: rate.rows * picks, union: Int(union))
      }
      return PayingShare(rows: rate.rows, share: Double(most ?? 0) / Double(experts))
    }
  }
}

extension Engine {
  /// What was measured of models with experts, by name.
  public var payingShares: [String: [PayingShare]] {
    var found: [String: [PayingShare]] = [:]
    for lane in lanes {
      guard case .encoder(let forward) = lane.forward else { continue }
      found[lane.name] = forward.payingShares
    }
    return found
  }
}
