import Models

// Exits of an encoder: texts that are sure leave the batch between two layers.

extension Engine {
  /// Asks an exit about the texts that have a threshold; those that are surer leave with their rows.
  ///
  /// - Parameters:
  ///   - place: among the model's exits.
  ///   - open: all texts of the batch, in the order of their rows.
  ///   - forward: holds the rows.
  ///   - batch: loses the rows of texts that leave.
  ///   - lane: of the model.
  mutating func ask(
    exit place: Int,
    _ open: [EncoderPassage],
    _ forward: EncoderForward,
    _ batch: inout Batch,
    lane: Int
  ) {
    guard let exits = lanes[lane].frugal?.exits else { return }
    let all = Self.rows(of: open)
    // A head that hears the exit before, or an ensemble, wants all earlier ones.
    let isJoined = !exits.ensembles.isEmpty || exits.heads.contains { $0.norm != nil }
    let asking = open.indices.filter { index in
      let entry = open[index]
      return entry.threshold != nil && (isJoined || place >= entry.first || entry.asksAll)
    }
    guard !asking.isEmpty else { return }
    let scores = forward.scores(
      ofExit: place,
      texts: asking.map { all[$0] },
      opinions: asking.map { open[$0].opinions },
      counters: &counters
    )
    // Who leaves here is not known yet, so all are taken to go on.
    let isHurried = asking.contains { open[$0].isHurried }
    let bounds = open.map { entry in
      isHurried ? lanes[lane].boundToNextExit(entry, after: exits.layers[place]) : 0
    }
    let step = bounds.reduce(0, +)
    var leaving: [Int] = []
    for (index, own) in zip(asking, scores) {
      let entry = open[index]
      entry.opinions.append(own)
      entry.sequence.bill.work.count(.exits, exits.cost(at: place), dense: 0)
      entry.text.row?.macs += exits.cost(at: place)
      let belief = forward.belief(atExit: place, entry.opinions)
      guard let threshold = entry.threshold else { continue }
      let isSure = place >= entry.first && softmax(belief[...]).max() ?? 0 > threshold
      let obstacle = obstacle(to: entry, after: exits.layers[place], beside: step - bounds[index])
      guard isSure || obstacle != nil else { continue }
      if !isSure {
        entry.isForced = true
        if obstacle == .budget { entry.sequence.isSpent = true }
      }
      let scores = belief.map { Float($0) }
      let answer = labels(scores, of: entry, after: exits.layers[place], forward)
      // An early verdict is told, and what deeper exits say corrects it.
      if obstacle == nil, entry.sequence.stream?.parameters.refines == true { continue }
      entry.answer = answer
      entry.layers = exits.layers[place]
      leaving.append(index)
    }
    for entry in open where entry.text.row?.pending.isEmpty == false { release(entry.sequence) }
    tellEarly()
    guard !leaving.isEmpty else { return }
    var isLeaving = [Bool](repeating: false, count: batch.count)
    for index in leaving {
      for row in all[index] { isLeaving[row] = true }
      depart(open[index], after: exits.layers[place], lane: lane)
    }
    let kept = batch.rows.indices.filter { !isLeaving[$0] }
    batch.rows = kept.map { batch.rows[$0] }
    forward.keep(kept)
  }

  /// Puts a text that leaves after `layers` layers on the books: its rows, and what the dense model would have gone on to spend.
  private mutating func depart(_ entry: EncoderPassage, after layers: Int, lane: Int) {
    let (sequence, rows) = (entry.sequence, entry.text.tokens.count)
    let cost = lanes[lane].cost
    let rest = (cost.layers - layers) * rows * (cost.attention(positions: rows) + cost.experts)
    counters.countSpared(rest + cost.head)
    counters.countRows(rows, layers: layers)
    sequence.bill.work.countSpared(rest + cost.head)
    sequence.bill.work.countRows(rows, layers: layers)
    sequence.flight?.rows -= rows
    if sequence.flight?.rows == 0 {
      sequence.land(clock())
      chargeTenant(of: sequence)
    }
  }
}
