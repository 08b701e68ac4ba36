import Foundation
import Tensors

/// What a feed-forward layer takes on this machine, whole and by experts; answers are the same either way.
///
/// Measured once, when a model is made ready: a step then only compares.
struct ExpertRates: Sendable {
  /// Seconds for steps of about so many rows.
  struct Rate: Sendable {
    let rows: Int
    /// Of the whole layer, a row.
    let whole: Double
    /// By experts: a row, whatever runs, and a pair of row and expert.
    let row, pair: Double
  }

  /// Ascending in rows; empty if nothing was measured, and then experts always run by themselves.
  private(set) var rates: [Rate] = []

  /// Whether running only what was chosen takes less time than running the layer whole.
  func paysToSkip(rows: Int, pairs: Int) -> Bool {
    guard let rate = rates.last(where: { $0.rows <= rows }) ?? rates.first else { return true }
    let (rows, pairs) = (Double(rows), Double(pairs))
    return rows * rate.row + pairs * rate.pair < rows * rate.whole
  }

  /// Nothing measured.
  init() {}

  /// Rates that are given, ascending in rows.
  init(rates: [Rate]) { self.rates = rates }

  /// Measures a layer with made-up rows.
  ///
  /// - Parameters:
  ///   - experts: of the layer.
  ///   - size: neurons of an expert.
  ///   - format: of the map that experts lead into.
  ///   - whole: runs as many rows through the whole layer.
  ///   - some: runs as many rows with these experts.
  init(
    experts: Int,
    size: Int,
    format: WeightFormat,
    whole: (_ rows: Int) -> Void,
    some: (ChosenExperts) -> Void
  ) {
    let chosen = ChosenExperts(experts: experts, size: size)
    for rows in [1, 8, 64] {
      let dense = Self.seconds { whole(rows) }
      var sparse: [(pairs: Double, seconds: Double)] = []
      for share in [8, 3] {
        // Which experts run differs from row to row, as it does when they are chosen.
        chosen.choose(
          (0 ..< rows * experts).map { ($0 * 7 + $0 / experts * 5) % share == 0 },
          for: format
        )
        sparse.append((Double(chosen.pairs), Self.seconds { some(chosen) }))
      }
      let pairs = max(1, sparse[1].pairs - sparse[0].pairs)
      let pair = max(0, (sparse[1].seconds - sparse[0].seconds) / pairs)
      let row = max(0, sparse[0].seconds - pair * sparse[0].pairs)
      rates.append(
        Rate(
          rows: rows,
          whole: dense / Double(rows),
          row: row / Double(rows),
          pair: pair
        )
      )
    }
  }

  /// The least of a few runs: what disturbs them only adds.
  private static func seconds(_ run: () -> Void) -> Double {
    let clock = ContinuousClock()
    run()
    return (0 ..< 5).map { _ in clock.measure(run) / .seconds(1) }.min() ?? 0
  }
}
