import Tensors

/// What a feed-forward layer takes on this machine, whole and by experts; answers are the same either way.
///
/// Measured once, when a model is made ready, on one layer: its layers are alike. A step then only compares.
struct ExpertRates: Sendable {
  /// Seconds of one core for steps of about so many rows.
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

  /// Measures a layer with made-up rows, both ways in turns.
  ///
  /// - Parameters:
  ///   - experts: of the layer.
  ///   - size: neurons of an expert.
  ///   - whole: runs as many rows through the whole layer, on the calling thread alone.
  ///   - some: runs as many rows with these experts, likewise, their lists among it.
  init(
    experts: Int,
    size: Int,
    whole: (_ rows: Int) -> Void,
    some: (ChosenExperts) -> Void
  ) {
    let (few, many) = (
      ChosenExperts(experts: experts, size: size), ChosenExperts(experts: experts, size: size)
    )
    for rows in [1, 8, 64] {
      for (chosen, share) in [(few, 8), (many, 3)] {
        // Which experts run differs from row to row, as it does when they are chosen.
        chosen.choose((0 ..< rows * experts).map { ($0 * 7 + $0 / experts * 5) % share == 0 })
      }
      var (dense, less, more) = (Double.infinity, Double.infinity, Double.infinity)
      // The first round warms up; of the others the best is what nothing disturbed.
      for round in 0 ... Self.rounds {
        let taken = (
          Self.seconds { whole(rows) }, Self.seconds { some(few) }, Self.seconds { some(many) }
        )
        guard round > 0 else { continue }
        (dense, less, more) = (min(dense, taken.0), min(less, taken.1), min(more, taken.2))
      }
      let pair = max(0, (more - less) / Double(max(1, many.pairs - few.pairs)))
      rates.append(
        Rate(
          rows: rows,
          whole: dense / Double(rows),
          row: max(0, less - pair * Double(few.pairs)) / Double(rows),
          pair: pair
        )
      )
    }
  }

  private static let rounds = 9

  /// Time of this thread, which does not pass while others have its core.
  private static func seconds(_ run: () -> Void) -> Double {
    let began = Workers.threadSeconds
    run()
    return Workers.threadSeconds - began
  }
}
