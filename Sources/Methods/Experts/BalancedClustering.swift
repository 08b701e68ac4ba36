public import Tensors

/// Rows in clusters of exactly equal size, near to each other within a cluster.
///
/// Balanced k-means: rows are scaled to length 1; first centres by k-means++ (Arthur and Vassilvitskii, SODA 2007); then an
/// assignment that is the best one with equal sizes (`BalancedAssignment`) and centres at the means of their rows take turns,
/// until nothing improves; then single rows change places (`BalancedExchange`). Malinen and Fränti, "Balanced K-Means for Clustering", 2014; what D2DMoE (arXiv:2310.04361) makes
/// experts with.
public struct BalancedClustering: Sendable, Equatable {
  /// How many clusters there are.
  public let clusters: Int
  /// (rows): the cluster of each row, `0 ..< clusters`; each has rows / clusters of them.
  public let clusterOfRow: [Int]
  /// Σ |row − mean of its cluster|² over the rows scaled to length 1, after each assignment and each round of exchanges:
  /// strictly falling.
  public let objectives: [Double]

  /// Clusters rows.
  ///
  /// - Parameters:
  ///   - rows: (rows, width), finite; a multiple of `clusters` of them. A row of zeros belongs anywhere.
  ///   - clusters: at least 1.
  ///   - iterationsMax: after how many assignments, and rounds of exchanges, it stops at the latest; at least 1.
  ///   - random: chooses the first centres; the same numbers give the same clusters.
  public init(
    _ rows: Tensor,
    clusters: Int,
    iterationsMax: Int = 100,
    using random: inout some RandomNumberGenerator
  ) {
    precondition(
      clusters > 0 && rows.rows % clusters == 0 && iterationsMax > 0,
      "\(rows.rows) rows in \(clusters) clusters"
    )
    let points = Self.normalized(rows)
    var centres = Self.firstCentres(points, clusters, &random)
    var best: [Int] = []
    var objectives: [Double] = []
    func improves(_ clusterOfRow: [Int]) -> Bool {
      let (means, objective) = Self.means(points, clusterOfRow, clusters)
      if let last = objectives.last, objective >= last { return false }
      objectives.append(objective)
      best = clusterOfRow
      centres = means
      return true
    }
    for _ in 0 ..< iterationsMax {
      let gains = points.timesTransposed(centres)
      let assignment = BalancedAssignment(gains: gains.values, clusters: clusters)
      guard improves(assignment.clusterOfRow) else { break }
    }
    var exchange = BalancedExchange(points, best, clusters: clusters)
    for _ in 0 ..< iterationsMax {
      guard exchange.pass() > 0, improves(exchange.clusterOfRow) else { break }
    }
    self.clusters = clusters
    self.objectives = objectives
    clusterOfRow = best
  }

  /// The rows scaled to length 1; zeros stay.
  static func normalized(_ rows: Tensor) -> Tensor {
    var result = rows
    let width = rows.columns
    for row in 0 ..< rows.rows {
      let numbers = row * width ..< (row + 1) * width
      let square = rows.values[numbers].reduce(0.0) { $0 + Double($1) * Double($1) }
      precondition(square.isFinite, "row \(row) has a length of \(square)")
      let factor = square > 0 ? Float(1 / square.squareRoot()) : 0
      for i in numbers { result.values[i] *= factor }
    }
    return result
  }

  /// The mean of each cluster, and Σ |row − mean|² = Σ |row|² − size · Σ |mean|².
  ///
  /// Of clusters of equal size the sum of squares falls exactly as Σ row · centre grows, which the assignment maximises: the
  /// centres' own lengths count alike for all.
  private static func means(
    _ points: Tensor,
    _ clusterOfRow: [Int],
    _ clusters: Int
  ) -> (means: Tensor, objective: Double) {
    let width = points.columns
    let size = Double(points.rows / clusters)
    var sums = [Double](repeating: 0, count: clusters * width)
    var objective = 0.0
    for (row, cluster) in clusterOfRow.enumerated() {
      for column in 0 ..< width {
        let number = Double(points.values[row * width + column])
        sums[cluster * width + column] += number
        objective += number * number
      }
    }
    objective -= sums.reduce(0) { $0 + $1 * $1 } / size
    let means = Tensor(shape: [clusters, width], values: sums.map { Float($0 / size) })
    return (means, objective)
  }

  /// k-means++: each next centre is a row, drawn with the square of its distance to the nearest one so far.
  private static func firstCentres(
    _ points: Tensor,
    _ clusters: Int,
    _ random: inout some RandomNumberGenerator
  ) -> Tensor {
    let rows = points.rows
    var squares = [Double](repeating: 1, count: rows)
    var chosen: [Int] = []
    while chosen.count < clusters {
      let total = squares.reduce(0, +)
      var target = Double(random.next() >> 11) * 0x1p-53 * total
      // Where every row coincides with a centre, any row that is none will do.
      var next =
        (0 ..< rows).last { squares[$0] > 0 } ?? (0 ..< rows).first { !chosen.contains($0) }
      for row in 0 ..< rows where squares[row] > 0 {
        target -= squares[row]
        if target < 0 {
          next = row
          break
        }
      }
      guard let next else { break }
      chosen.append(next)
      let products = Tensor(shape: [1, points.columns], values: points.row(next))
        .timesTransposed(points)
      for row in 0 ..< rows {
        squares[row] = min(squares[row], max(0, 2 - 2 * Double(products.values[row])))
      }
      for row in chosen { squares[row] = 0 }
    }
    return Tensor(shape: [clusters, points.columns], values: chosen.flatMap(points.row))
  }
}
