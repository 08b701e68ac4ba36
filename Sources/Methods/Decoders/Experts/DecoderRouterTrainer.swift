internal import Models
import Tensors

/// Teaches the routers of a frozen decoder from rows that were computed once, a layer after the other.
///
/// The mean squared error against ‖Eᵢ(z)‖. arXiv:2310.04361.
struct DecoderRouterTrainer {
  let experts: ExpertLayers
  let settings: RouterSettings
  let crew: Crew<Float>

  /// Rows of one step.
  private static let rows = 256

  /// Teaches all routers that an earlier run did not.
  ///
  /// - Parameters:
  ///   - rows: to learn from, at least one.
  ///   - stages: where what each router learned is kept.
  ///   - hears: is told how many layers are done, and the last one's mean loss at its end.
  /// - Returns: for every layer the mean squared error at its end, as a share of the norms' variance.
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read.
  func teach(
    _ rows: RoutedRows,
    _ stages: RunStages,
    hears: (Int, Double) -> Void
  ) throws(FormatError) -> [Double] {
    try experts.routers.enumerated().map { (layer, router) throws(FormatError) in
      // A layer takes seconds, so that its router is kept when it has learned, and not before.
      let kept = try stages.kept("router-\(layer)", "inner", "outer", "error") {
        let error = teach(router, rows, layer: layer)
        return [router.inner.values, router.outer.values, [Float](bits: error.bitPattern)]
      }
      (router.inner.values, router.outer.values) = (kept[0], kept[1])
      let share = Double(bitPattern: kept[2].bits())
      hears(layer + 1, share)
      return share
    }
  }

  private func teach(_ router: Router<Float>, _ rows: RoutedRows, layer: Int) -> Double {
    let optimizer = AdamW<Float>([.init([router.inner, router.outer])])
    let perEpoch = (rows.count + Self.rows - 1) / Self.rows
    let total = settings.epochs * perEpoch
    var last: [Double] = []
    for epoch in 0 ..< settings.epochs {
      let seed = settings.seed &* 7_919 &+ UInt64(epoch)
      let order = SeededRandom.order(count: rows.count, seed: seed)
      for step in 0 ..< perEpoch {
        let chosen = order[step * Self.rows ..< min((step + 1) * Self.rows, rows.count)]
        let loss = self.step(router, rows, chosen, layer: layer)
        let number = epoch * perEpoch + step
        let factor = Schedule.cosine(warmup: 0, floor: 1e-3).factor(step: number, of: total)
        optimizer.step(rate: settings.rate * factor, crew)
        if number >= total - perEpoch { last.append(loss) }
      }
    }
    return last.reduce(0, +) / Double(max(1, last.count)) / Self.variance(rows.norms[layer])
  }

  private func step(
    _ router: Router<Float>,
    _ rows: RoutedRows,
    _ chosen: ArraySlice<Int>,
    layer: Int
  ) -> Double {
    let share = (chosen.count + crew.count - 1) / crew.count
    let losses = crew.map { index, tape -> Double in
      let own = chosen.dropFirst(index * share).prefix(share)
      guard !own.isEmpty else { return 0 }
      tape.forget()
      let (input, norms) = rows.variables(own, layer: layer, tape)
      let loss = tape.meanSquaredError(router.predictions(input, tape), norms)
      let part = Float(own.count) / Float(chosen.count)
      tape.backward(from: tape.scaled(loss, by: part))
      return Double(part * loss.scalar)
    }
    return losses.reduce(0, +)
  }

  private static func variance(_ values: [Float]) -> Double {
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(max(1, values.count))
    let sum = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return max(1e-12, sum / Double(max(1, values.count)))
  }
}
