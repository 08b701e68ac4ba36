import Models

// Deadlines of a language model's streams: where one nears, a token is answered at an exit rather than not at all.

extension Engine {
  /// Notes which streams hear every exit in this step: those whose deadline comes within twice what it takes.
  ///
  /// Not those whose tokens all leave at the same exit by settings of their own: these stay, and nothing is parked.
  func noteHurry(_ batch: Batch, lane: Int) {
    let streams = batch.streams
    guard streams.contains(where: { batch.rows[$0.rows.lowerBound].sequence.request.hurries })
    else { return }
    let cost = lanes[lane].cost
    let macs = batch.rows.reduce(0) { $0 + cost.row(positions: $1.seen) }
    let step = lanes[lane].stepCost.seconds(forMACs: macs)
    for (stream, rows) in streams {
      let sequence = batch.rows[rows.lowerBound].sequence
      stream.isHurried = false
      guard let step, sequence.request.hurries, let deadline = sequence.request.deadline,
        !isSameForAll(sequence)
      else { continue }
      stream.isHurried = 2 * step > (deadline - clock()) / .seconds(1)
    }
  }

  /// What a step takes from one exit to the next if nobody leaves here; nil where nobody is in a hurry, or nothing was measured.
  func secondsToNextExit(
    _ batch: Batch,
    from place: Int,
    _ exits: TokenExits,
    lane: Int
  ) -> Double? {
    let streams = batch.streams.map(\.stream)
    guard place + 1 < exits.count, streams.contains(where: \.isHurried) else { return nil }
    let cost = lanes[lane].cost
    let rows = batch.rows.reduce(0) { $0 + cost.attention(positions: $1.seen) + cost.experts }
    // Tokens that are parked before these layers may come along.
    let positions = batch.rows.map(\.seen).max() ?? 0
    let owed = cost.attention(positions: positions) + cost.experts
    var macs = 0
    for layer in exits.layers[place] ..< exits.layers[place + 1] {
      let parked = streams.reduce(0) { count, stream in
        count + stream.parked.count { $0.depth <= layer && !$0.isAboard }
      }
      macs += rows + parked * owed
    }
    return lanes[lane].stepCost.seconds(forMACs: macs)
  }
}
