import Support
import Tensors
import Testing

@testable import Methods

/// Clusters of equal size.
struct BalancedClusteringTests {
  /// Rows around some directions, shuffled.
  static func rows(groups: Int, each: Int, width: Int, noise: Float, seed: UInt64) -> (
    Tensor, [Int]
  ) {
    var random = SplitMix64(seed: seed)
    func numbers(_ count: Int) -> [Float] {
      (0 ..< count).map { _ in
        // A sum of uniform numbers is nearly normal.
        (0 ..< 4).reduce(Float(-2)) { sum, _ in sum + Float(random.next() >> 40) / 0x1p24 }
      }
    }
    let centres = (0 ..< groups).map { _ in numbers(width) }
    let order = (0 ..< groups * each).map { $0 % groups }.shuffled(using: &random)
    let values = order.flatMap { group in
      zip(centres[group], numbers(width)).map { $0 + noise * $1 }
    }
    return (Tensor(shape: [order.count, width], values: values), order)
  }

  @Test(arguments: 0 ..< 10)
  func everyClusterHasItsSizeAndTheObjectiveFalls(seed: UInt64) {
    let (rows, _) = Self.rows(groups: 5, each: 12, width: 9, noise: 2, seed: seed)
    var random = SplitMix64(seed: seed)
    let found = BalancedClustering(rows, clusters: 10, using: &random)
    for cluster in 0 ..< 10 { #expect(found.clusterOfRow.count { $0 == cluster } == 6) }
    #expect(zip(found.objectives, found.objectives.dropFirst()).allSatisfy { $0 > $1 })
    #expect(found.objectives.count > 1)
    #expect(abs(objective(rows, found) - (found.objectives.last ?? 0)) < 1e-4)
    random = SplitMix64(seed: seed)
    #expect(BalancedClustering(rows, clusters: 10, using: &random) == found, "the same again")
  }

  @Test func groupsThatAreApartAreFound() {
    let (rows, groups) = Self.rows(groups: 6, each: 8, width: 16, noise: 0.15, seed: 1)
    var random = SplitMix64(seed: 3)
    let found = BalancedClustering(rows, clusters: 6, using: &random)
    var names: [Int: Int] = [:]
    for (row, group) in groups.enumerated() {
      #expect(names[group, default: found.clusterOfRow[row]] == found.clusterOfRow[row])
      names[group] = found.clusterOfRow[row]
    }
    #expect(Set(names.values).count == 6)
  }

  @Test func lengthsDoNotMatter() {
    let (rows, _) = Self.rows(groups: 4, each: 6, width: 8, noise: 1, seed: 2)
    var longer = rows
    for row in 0 ..< 24 {
      for column in 0 ..< 8 { longer.values[row * 8 + column] *= Float(1 << (row % 5)) }
    }
    var (one, two) = (SplitMix64(seed: 5), SplitMix64(seed: 5))
    #expect(
      BalancedClustering(rows, clusters: 4, using: &one).clusterOfRow
        == BalancedClustering(longer, clusters: 4, using: &two).clusterOfRow
    )
  }

  @Test func equalRowsAndZerosAreClusteredToo() {
    var random = SplitMix64(seed: 1)
    for value in [Float(0), 1] {
      let rows = Tensor(shape: [12, 3], values: [Float](repeating: value, count: 36))
      let found = BalancedClustering(rows, clusters: 4, using: &random)
      for cluster in 0 ..< 4 { #expect(found.clusterOfRow.count { $0 == cluster } == 3) }
    }
  }

  /// The sizes of MiniLM and of BERT: a few seconds at most.
  @Test(arguments: [(1536, 96, 384), (3072, 192, 768)])
  func realSizesTakeSeconds(count: Int, clusters: Int, width: Int) {
    let (rows, _) = Self.rows(groups: 64, each: count / 64, width: width, noise: 3, seed: 4)
    var random = SplitMix64(seed: 4)
    let clock = ContinuousClock()
    var found: BalancedClustering?
    let time = clock.measure {
      found = BalancedClustering(rows, clusters: clusters, using: &random)
    }
    let objectives = found?.objectives ?? []
    #expect(objectives.first ?? 0 > objectives.last ?? 0)
    #expect(time < .seconds(60))
  }

  private func objective(_ rows: Tensor, _ found: BalancedClustering) -> Double {
    let points = BalancedClustering.normalized(rows)
    var sum = 0.0
    for cluster in 0 ..< found.clusters {
      let own = points.values.indices.filter { found.clusterOfRow[$0 / points.columns] == cluster }
      for column in 0 ..< points.columns {
        let numbers = own.filter { $0 % points.columns == column }.map { Double(points.values[$0]) }
        let mean = numbers.reduce(0, +) / Double(numbers.count)
        sum += numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      }
    }
    return sum
  }
}
