import Support
import Testing

@testable import Methods

/// Assignments with equal sizes are as good as any.
struct BalancedAssignmentTests {
  private func gains(_ count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    // Few different values in some cases, so that there are ties.
    let steps = seed % 3 == 0 ? 4.0 : 1e9
    return (0 ..< count).map { _ in
      Float(((Double(random.next() >> 11) / 0x1p53 * 2 - 1) * steps).rounded() / steps)
    }
  }

  private func total(_ gains: [Float], _ clusterOfRow: [Int], _ clusters: Int) -> Double {
    clusterOfRow.enumerated().reduce(0) { $0 + Double(gains[$1.offset * clusters + $1.element]) }
  }

  /// The best sum, by trying everything.
  private func best(_ gains: [Float], _ clusters: Int) -> Double {
    let rows = gains.count / clusters
    var room = [Int](repeating: rows / clusters, count: clusters)
    func best(from row: Int) -> Double {
      guard row < rows else { return 0 }
      var most = -Double.infinity
      for cluster in 0 ..< clusters where room[cluster] > 0 {
        room[cluster] -= 1
        most = max(most, Double(gains[row * clusters + cluster]) + best(from: row + 1))
        room[cluster] += 1
      }
      return most
    }
    return best(from: 0)
  }

  @Test(arguments: [(1, 1), (4, 1), (4, 4), (6, 2), (6, 3), (8, 2), (8, 4), (9, 3), (7, 7)])
  func asGoodAsTheBestOfAll(rows: Int, clusters: Int) {
    for seed in 0 ..< 60 {
      let gains = gains(rows * clusters, seed: UInt64(seed))
      let found = BalancedAssignment(gains: gains, clusters: clusters).clusterOfRow
      for cluster in 0 ..< clusters { #expect(found.count { $0 == cluster } == rows / clusters) }
      #expect(abs(total(gains, found, clusters) - best(gains, clusters)) < 1e-6, "seed \(seed)")
    }
  }

  /// An assignment is optimal if no cycle of moves gains anything; Floyd and Warshall look for one.
  @Test(arguments: [(96, 12), (128, 32), (60, 60)])
  func noRoundOfMovesImprovesIt(rows: Int, clusters: Int) {
    let gains = gains(rows * clusters, seed: 7)
    let found = BalancedAssignment(gains: gains, clusters: clusters).clusterOfRow
    var costs = [[Double]](
      repeating: [Double](repeating: .infinity, count: clusters),
      count: clusters
    )
    for (row, own) in found.enumerated() {
      for other in 0 ..< clusters {
        let loss = Double(gains[row * clusters + own] - gains[row * clusters + other])
        costs[own][other] = min(costs[own][other], loss)
      }
    }
    for middle in 0 ..< clusters {
      for start in 0 ..< clusters {
        for end in 0 ..< clusters {
          costs[start][end] = min(costs[start][end], costs[start][middle] + costs[middle][end])
        }
      }
    }
    for cluster in 0 ..< clusters { #expect(costs[cluster][cluster] > -1e-5) }
  }

  @Test func equalGainsFillEveryCluster() {
    let found = BalancedAssignment(gains: [Float](repeating: 0, count: 48), clusters: 4)
      .clusterOfRow
    for cluster in 0 ..< 4 { #expect(found.count { $0 == cluster } == 3) }
  }
}
