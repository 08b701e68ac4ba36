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
    /// By experts: a row, whatever runs, a pair of row and expert, and an expert that any row picked, whose tiles are read.
    let row, pair, expert: Double
  }

  /// What was picked, and the seconds that it took.
  struct Sample {
    let pairs, union: Int
    let seconds: Double
  }

  /// Ascending in rows; empty if nothing was measured, and then experts always run by themselves.
  private(set) var rates: [Rate] = []

  /// Compares running only what was chosen with running the layer whole.
  ///
  /// - Parameters:
  ///   - rows: of the step.
  ///   - pairs: of row and expert.
  ///   - union: experts that any row picked.
  /// - Returns: whether the first takes less time.
  func paysToSkip(rows: Int, pairs: Int, union: Int) -> Bool {
    guard let rate = rates.last(where: { $0.rows <= rows }) ?? rates.first else { return true }
    let some = Double(rows) * rate.row + Double(pairs) * rate.pair + Double(union) * rate.expert
    return some < Double(rows) * rate.whole
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
    let choices = (0 ..< 3).map { _ in ChosenExperts(experts: experts, size: size) }
    for rows in [1, 8, 64] {
      // Which experts run differs from row to row, as it does when they are chosen; and as many pairs with all rows alike.
      for (chosen, (share, turn)) in zip(choices, [(8, 5), (3, 5), (3, 0)]) {
        chosen.choose(
          (0 ..< rows * experts).map { ($0 % experts * 7 + $0 / experts * turn) % share == 0 }
        )
      }
      var best = [Double](repeating: .infinity, count: choices.count + 1)
      // The first round warms up; of the others the best is what nothing disturbed.
      for round in 0 ... Self.rounds {
        let taken =
          [Self.seconds { whole(rows) }] + choices.map { chosen in Self.seconds { some(chosen) } }
        if round > 0 { best = zip(best, taken).map(min) }
      }
      let samples = zip(choices, best.dropFirst()).map {
        Sample(pairs: $0.pairs, union: $0.union, seconds: $1)
      }
      rates.append(Rate(rows: rows, whole: best[0], some: samples))
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

extension ExpertRates.Rate {
  /// Rates that explain what was measured.
  ///
  /// - Parameters:
  ///   - rows: of each sample.
  ///   - whole: seconds of the whole layer.
  ///   - some: few experts, more, and as many as these with all rows alike.
  init(rows: Int, whole: Double, some: [ExpertRates.Sample]) {
    let (few, many, alike) = (some[0], some[1], some[2])
    // One row is always alike: its pairs are its experts.
    let read = many.union - alike.union
    let expert = read > 0 ? max(0, (many.seconds - alike.seconds) / Double(read)) : 0
    let more = many.seconds - few.seconds - expert * Double(many.union - few.union)
    let pair = max(0, more / Double(max(1, many.pairs - few.pairs)))
    let rest = few.seconds - pair * Double(few.pairs) - expert * Double(few.union)
    self.init(
      rows: rows,
      whole: whole / Double(rows),
      row: max(0, rest) / Double(rows),
      pair: pair,
      expert: expert
    )
  }
}
