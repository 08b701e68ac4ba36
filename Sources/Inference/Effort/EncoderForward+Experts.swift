import Models
import Tensors

// The feed-forward layer of an encoder whose rows pick experts.

extension EncoderForward {
  /// What picks and runs experts: buffers of one step, and rates.
  struct ExpertStep {
    let experts: RoutedExperts
    let chosen: ChosenExperts
    let hidden: RowBuffer
    let predictions: RowBuffer
    /// Rows that ask a router, where others do not.
    let asking: RowBuffer
    let asked: RowBuffer
    var rates = ExpertRates()

    init(_ experts: RoutedExperts, width: Int) {
      self.experts = experts
      chosen = ChosenExperts(experts: experts.count, size: experts.size)
      hidden = RowBuffer(width: experts.routers[0].inner.outputs)
      predictions = RowBuffer(width: experts.count)
      asking = RowBuffer(width: width)
      asked = RowBuffer(width: experts.count)
    }
  }

  /// Runs the experts of a layer that rows pick: x into `projected`.
  ///
  /// - Parameters:
  ///   - layer: with a router.
  ///   - step: its buffers.
  ///   - taus: of every row; nil runs it whole, and asks no router.
  ///   - counters: gets the MACs of what rows picked, however it was computed.
  /// - Returns: of every row, how many experts ran; nil where it ran whole.
  func feedForward(
    _ layer: EncoderWeights.Layer,
    _ step: ExpertStep,
    taus: [Float?],
    counters: inout Work
  ) -> [Int?] {
    guard let router = layer.router else { preconditionFailure("a layer without a router") }
    predict(router, step, taus, &counters)
    let chosen = step.chosen
    chosen.choose(step.predictions, thresholds: taus.map { $0 ?? 0 }, workers)
    if chosen.isAll {
      runAll(layer)
    } else if step.rates.paysToSkip(rows: x.rows, pairs: chosen.pairs, union: chosen.union) {
      runSome(layer, chosen)
    } else {
      runWhole(layer, masking: chosen)
    }
    let runs = taus.indices.map { taus[$0] == nil ? nil : chosen.count(row: $0) }
    let macs = layer.up.macs + layer.down.macs
    for run in runs {
      let own = run.map { $0 * (macs / chosen.experts) } ?? macs
      counters.count(.experts, own, dense: macs)
      counters.countExperts(run ?? 1)
    }
    return runs
  }

  /// Fills `predictions`: zeros for rows that ask no router, which runs them whole.
  private func predict(
    _ router: EncoderWeights.Router,
    _ step: ExpertStep,
    _ taus: [Float?],
    _ counters: inout Work
  ) {
    let asking = taus.indices.filter { taus[$0] != nil }
    if asking.count == taus.count {
      ask(router, x, step.hidden, into: step.predictions, &counters)
      return
    }
    step.asking.resize(rows: asking.count)
    for (place, row) in asking.enumerated() { step.asking.setRow(place, from: x, row: row) }
    ask(router, step.asking, step.hidden, into: step.asked, &counters)
    step.predictions.resize(rows: taus.count)
    let zeros = [Float](repeating: 0, count: step.predictions.width)
    var place = 0
    for row in taus.indices {
      if taus[row] == nil {
        step.predictions.setRow(row, zeros)
      } else {
        step.predictions.setRow(row, from: step.asked, row: place)
        place += 1
      }
    }
  }

  private func ask(
    _ router: EncoderWeights.Router,
    _ rows: RowBuffer,
    _ hidden: RowBuffer,
    into predictions: RowBuffer,
    _ counters: inout Work
  ) {
    let part = Part.routers
    workers.run(router.inner, rows, into: hidden, part: part, isExtra: true, counters: &counters)
    workers.activate(.relu, hidden, into: hidden)
    workers.run(
      router.outer,
      hidden,
      into: predictions,
      part: part,
      isExtra: true,
      counters: &counters
    )
  }

  private func runSome(_ layer: EncoderWeights.Layer, _ chosen: ChosenExperts) {
    let kind = RowActivation(configuration.activation)
    chosen.list(for: layer.down.matrix.format)
    workers.multiply(layer.up.matrix, x, bias: layer.up.bias, into: chosen, hidden)
    workers.activate(kind, hidden, of: chosen, into: hidden, for: layer.down.matrix.format)
    workers.multiply(
      layer.down.matrix,
      hidden,
      bias: layer.down.bias,
      from: chosen,
      into: projected
    )
  }

  /// Runs a feed-forward layer whole, x into `projected`, and counts nothing.
  func runAll(_ layer: EncoderWeights.Layer) {
    workers.multiply(layer.up.matrix, x, bias: layer.up.bias, into: hidden)
    let format = layer.down.matrix.format
    workers.activate(RowActivation(configuration.activation), hidden, into: hidden, for: format)
    workers.multiply(layer.down.matrix, hidden, bias: layer.down.bias, into: projected)
  }

  /// The same bits, with all neurons computed and those of other experts set to 0.
  private func runWhole(_ layer: EncoderWeights.Layer, masking chosen: ChosenExperts) {
    let kind = RowActivation(configuration.activation)
    workers.multiply(layer.up.matrix, x, bias: layer.up.bias, into: hidden)
    chosen.readAll()
    workers.activate(kind, hidden, of: chosen, into: hidden, for: layer.down.matrix.format)
    workers.multiply(layer.down.matrix, hidden, bias: layer.down.bias, into: projected)
  }

  /// Measures both ways with rows of its own, by the time of one core: that of several says as much about who else is there.
  static func rates(
    _ layer: EncoderWeights.Layer,
    _ experts: RoutedExperts,
    _ activation: BertConfiguration.Activation,
    _ kernels: KernelSet
  ) -> ExpertRates {
    let workers = Workers(count: 1, kernels: kernels)
    let x = RowBuffer(width: layer.up.matrix.inputs)
    let hidden = RowBuffer(width: layer.up.matrix.outputs)
    let y = RowBuffer(width: layer.down.matrix.outputs)
    let (kind, format) = (RowActivation(activation), layer.down.matrix.format)
    func fill(_ rows: Int) {
      guard x.rows != rows else { return }
      x.resize(rows: rows)
      for row in 0 ..< rows {
        x.setRow(row, (0 ..< x.width).map { Float(($0 * 13 + row * 7) % 31) / 16 - 1 })
      }
    }
    return ExpertRates(
      experts: experts.count,
      size: experts.size,
      whole: { rows in
        fill(rows)
        workers.multiply(layer.up.matrix, x, bias: layer.up.bias, into: hidden)
        workers.activate(kind, hidden, into: hidden, for: format)
        workers.multiply(layer.down.matrix, hidden, bias: layer.down.bias, into: y)
      },
      some: { chosen in
        fill(chosen.rows)
        chosen.list(for: format)
        workers.multiply(layer.up.matrix, x, bias: layer.up.bias, into: chosen, hidden)
        workers.activate(kind, hidden, of: chosen, into: hidden, for: format)
        workers.multiply(layer.down.matrix, hidden, bias: layer.down.bias, from: chosen, into: y)
      }
    )
  }
}
