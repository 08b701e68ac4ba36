import Tensors

/// Pairs of rows in two clusters change places as long as that brings rows nearer to the means of their clusters.
///
/// Balanced k-means stops early where clusters are small and rows have many numbers, because a mean lies towards its own rows.
/// An exchange counts how the means move along, after Hartigan ("Clustering Algorithms", 1975): with s the sum of the
/// rows of a cluster and e their number, a ∈ A and b ∈ B lessen Σ |row − mean|² by
/// 2/e · ((s_A − s_B) · (b − a) + |a − b|²) as they change places.
struct BalancedExchange {
  private let points: Tensor
  private let clusters: Int
  /// (rows, rows): a · b.
  private let products: Tensor
  private(set) var clusterOfRow: [Int]
  /// (clusters, rows): s · row.
  private var pulls: Tensor

  /// Prepares exchanges.
  ///
  /// - Parameters:
  ///   - points: (rows, width).
  ///   - clusterOfRow: (rows).
  ///   - clusters: how many there are, all of equal size.
  /// - Complexity: O(rows² · width) multiplications, and 4 · rows² bytes.
  init(_ points: Tensor, _ clusterOfRow: [Int], clusters: Int) {
    self.points = points
    self.clusterOfRow = clusterOfRow
    self.clusters = clusters
    products = points.timesTransposed(points)
    pulls = Tensor(zeros: [clusters, points.rows])
  }

  /// Gives every row its best exchange, once.
  ///
  /// - Returns: how many rows changed places.
  /// - Complexity: O(rows²).
  mutating func pass() -> Int {
    let rows = points.rows
    // Anew every time, so that rounding does not add up.
    var sums = Tensor(zeros: [clusters, points.columns])
    for (row, cluster) in clusterOfRow.enumerated() {
      for column in 0 ..< points.columns {
        sums.values[cluster * points.columns + column] +=
          points.values[row * points.columns + column]
      }
    }
    pulls = sums.timesTransposed(points)
    var exchanges = 0
    for row in 0 ..< rows {
      guard let other = partner(of: row) else { continue }
      exchange(row, other)
      exchanges += 1
    }
    return exchanges
  }

  /// The row whose exchange with `row` gains most, if any gains.
  private func partner(of row: Int) -> Int? {
    let rows = points.rows
    let own = clusterOfRow[row]
    let towards = (0 ..< clusters).map { pulls.values[$0 * rows + row] }
    let length = products.values[row * rows + row]
    // Less than this may be rounding.
    var (best, most): (Int?, Float) = (nil, 1e-4)
    for other in 0 ..< rows {
      let cluster = clusterOfRow[other]
      let apart =
        length + products.values[other * rows + other] - 2 * products.values[row * rows + other]
      let pull =
        pulls.values[own * rows + other] - towards[own] + towards[cluster]
        - pulls.values[cluster * rows + other]
      if cluster != own && pull + apart > most { (best, most) = (other, pull + apart) }
    }
    return best
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    let rows = points.rows
    let (first, second) = (clusterOfRow[a], clusterOfRow[b])
    for row in 0 ..< rows {
      let change = products.values[b * rows + row] - products.values[a * rows + row]
      pulls.values[first * rows + row] += change
      pulls.values[second * rows + row] -= change
    }
    clusterOfRow.swapAt(a, b)
  }
}
