/// Rows on clusters, each cluster given equally many, at the largest possible sum of gains.
///
/// The transportation problem by successive shortest augmenting paths (Ford and Fulkerson's flows with the node prices of
/// Edmonds and Karp, as Jonker and Volgenant do it for assignments): rows come one after the other; each takes the cheapest
/// way to a cluster with room, along which other rows may have to move on. All rows of a cluster are one node, and between
/// two clusters only the row that moves at the least cost matters, so a path is found among clusters alone. The result is
/// optimal for gains rounded to 2⁻³⁰ of the largest.
struct BalancedAssignment {
  let clusters: Int
  /// Rows of each cluster.
  let size: Int
  /// (rows): the cluster of each row.
  private(set) var clusterOfRow: [Int]

  /// (rows, clusters): −gain as an integer, so that sums along paths are exact.
  private let costs: [Int]
  /// (clusters): what a place costs besides; 0 while a cluster has room.
  private var prices: [Int]
  /// (clusters, size): the rows of each cluster, `counts` of them.
  private var members: [Int]
  private var counts: [Int]
  /// (clusters, clusters): the least cost of moving a row from one full cluster to another, and that row.
  private var moveCosts: [Int]
  private var movers: [Int]

  /// Solves it.
  ///
  /// - Parameters:
  ///   - gains: (rows · clusters), row after row, finite.
  ///   - clusters: at least 1; rows are a multiple of it.
  /// - Complexity: O(rows · clusters²) at worst; rows whose best cluster has room cost O(clusters).
  init(gains: [Float], clusters: Int) {
    let rows = gains.count / max(1, clusters)
    precondition(
      clusters > 0 && rows * clusters == gains.count && rows % clusters == 0,
      "\(gains.count) gains of \(clusters) clusters"
    )
    let largest = gains.reduce(0) { max($0, abs($1)) }
    precondition(largest.isFinite, "a gain is \(largest)")
    let scale = largest > 0 ? 0x1p30 / Double(largest) : 0
    self.clusters = clusters
    size = rows / clusters
    costs = gains.map { -Int((Double($0) * scale).rounded()) }
    clusterOfRow = [Int](repeating: 0, count: rows)
    prices = [Int](repeating: 0, count: clusters)
    members = [Int](repeating: 0, count: rows)
    counts = [Int](repeating: 0, count: clusters)
    moveCosts = [Int](repeating: 0, count: clusters * clusters)
    movers = moveCosts
    for row in 0 ..< rows { place(row) }
  }

  /// Dijkstra over clusters from a new row, then a step along the path found.
  private mutating func place(_ row: Int) {
    var distances = (0 ..< clusters).map { costs[row * clusters + $0] + prices[$0] }
    var isOpen = [Bool](repeating: true, count: clusters)
    var before = [Int](repeating: -1, count: clusters)
    var passed: [Int] = []
    var here = nearest(distances, isOpen)
    while counts[here] == size {
      isOpen[here] = false
      passed.append(here)
      let start = distances[here] - prices[here]
      for next in 0 ..< clusters where isOpen[next] {
        let distance = start + moveCosts[here * clusters + next] + prices[next]
        if distance < distances[next] {
          distances[next] = distance
          before[next] = here
        }
      }
      here = nearest(distances, isOpen)
    }
    for cluster in passed { prices[cluster] += distances[here] - distances[cluster] }
    shift(row, along: before, to: here)
  }

  private func nearest(_ distances: [Int], _ isOpen: [Bool]) -> Int {
    var (best, least) = (-1, Int.max)
    for cluster in 0 ..< clusters where isOpen[cluster] && distances[cluster] < least {
      (best, least) = (cluster, distances[cluster])
    }
    return best
  }

  /// Moves a row of each cluster on the path to the next one, and puts `row` into the first.
  private mutating func shift(_ row: Int, along before: [Int], to end: Int) {
    var changed = [end]
    var here = end
    while before[here] >= 0 {
      let previous = before[here]
      let mover = movers[previous * clusters + here]
      remove(mover, from: previous)
      add(mover, to: here)
      changed.append(previous)
      here = previous
    }
    add(row, to: here)
    for cluster in changed where counts[cluster] == size { price(cluster) }
  }

  private mutating func add(_ row: Int, to cluster: Int) {
    members[cluster * size + counts[cluster]] = row
    counts[cluster] += 1
    clusterOfRow[row] = cluster
  }

  private mutating func remove(_ row: Int, from cluster: Int) {
    let last = cluster * size + counts[cluster] - 1
    for place in cluster * size ... last where members[place] == row {
      members[place] = members[last]
      break
    }
    counts[cluster] -= 1
  }

  /// What moving on from a full cluster costs now.
  private mutating func price(_ cluster: Int) {
    for next in 0 ..< clusters { moveCosts[cluster * clusters + next] = Int.max }
    for place in cluster * size ..< (cluster + 1) * size {
      let first = members[place] * clusters
      let own = costs[first + cluster]
      for next in 0 ..< clusters {
        let cost = costs[first + next] - own
        if cost < moveCosts[cluster * clusters + next] {
          moveCosts[cluster * clusters + next] = cost
          movers[cluster * clusters + next] = members[place]
        }
      }
    }
  }
}
