import Models
import Tensors

// Tokens of a stream that have left before the last layer: they are parked, and come back where later tokens need what deeper
// layers would hold of them.

extension Engine {
  /// Lets tokens that left after `layer` layers go on where a later token of their stream does: it attends to them.
  func rejoin(_ batch: inout Batch, _ forward: LanguageForward, layer: Int) {
    var sources: [PartingRows.Source] = []
    var rows: [Batch.Row] = []
    var hasJoined = false
    for (index, row) in batch.rows.enumerated() {
      if let stream = row.sequence.stream,
        batch.rows.startIndex == index
          || batch.rows[index - 1].sequence !== row.sequence
      {
        // Nobody here attends to what comes later.
        for place in stream.parked.indices
        where stream.parked[place].waits(at: layer) && stream.parked[place].position < row.position
        {
          hasJoined = true
          sources.append(.numbers(stream.parked[place].x))
          rows.append(join(stream.parked[place], row.sequence, stream.policy, layer: layer))
          stream.parked[place].isAboard = true
        }
        // What is owed is a row of the batch again, and of nothing else.
        if stream.policy == .defer { stream.parked.removeAll(where: \.isAboard) }
      }
      sources.append(.row(index))
      rows.append(row)
    }
    guard hasJoined else { return }
    batch.rows = rows
    forward.parting.arrange(forward.x, sources)
    forward.place(batch)
  }

  private func join(
    _ parked: ParkedRow,
    _ sequence: Sequence,
    _ policy: StreamPolicy,
    layer: Int
  ) -> Batch.Row {
    var row = Batch.Row(
      sequence: sequence,
      token: sequence.tokens[parked.position],
      position: parked.position,
      seen: parked.position + 1,
      layersRun: parked.layersRun
    )
    row.stage = policy == .defer ? .owing : .lending
    if row.stage == .owing { sequence.flight?.rows += 1 }
    return row
  }

  /// Rows that lent a layer their keys and values have got deeper.
  func deepen(_ batch: Batch, to depth: Int) {
    for (stream, _) in batch.streams {
      for place in stream.parked.indices where stream.parked[place].isAboard {
        stream.parked[place].depth = depth
      }
    }
  }

  /// Rows that leave at an exit: those that a later row takes along stay for its sake, the others are parked.
  mutating func depart(
    _ isLeaving: [Bool],
    _ batch: inout Batch,
    _ forward: LanguageForward,
    after layers: Int
  ) {
    guard isLeaving.contains(true) else { return }
    var isGone = [Bool](repeating: false, count: batch.count)
    for (stream, rows) in batch.streams {
      let last = rows.last { batch.rows[$0].asks && !isLeaving[$0] || batch.rows[$0].isSettling }
      for index in rows {
        if isLeaving[index] { leave(&batch.rows[index], after: layers, stream) }
        if let last, index <= last {
          guard isLeaving[index] else { continue }
          batch.rows[index].stage = stream.policy == .defer ? .owing : .lending
          if stream.policy == .propagate {
            park(batch.rows[index], forward.x.row(index), after: layers, isAboard: true)
          }
        } else {
          isGone[index] = true
          putDown(batch.rows[index], index, forward, after: layers)
        }
      }
    }
    let kept = batch.rows.indices.filter { !isGone[$0] }
    let sequences = batch.sequences
    batch.rows = kept.map { batch.rows[$0] }
    forward.keep(kept, batch)
    for sequence in sequences where sequence.stream != nil && sequence.flight?.rows == 0 {
      guard !batch.rows.contains(where: { $0.sequence === sequence }) else { continue }
      sequence.land(clock())
      chargeTenant(of: sequence)
    }
  }

  /// A token is answered: the dense model would have gone on.
  private mutating func leave(_ row: inout Batch.Row, after layers: Int, _ stream: TokenStream) {
    let cost = lanes[row.sequence.lane].cost
    let rest = (cost.layers - layers) * (cost.attention(positions: row.seen) + cost.experts)
    let spared = rest + (lanes[row.sequence.lane].frugal?.tokens?.heads.last?.cost ?? 0)
    counters.countSpared(spared)
    row.sequence.bill.work.countSpared(spared)
    countToken(of: row.sequence)
    if !row.isSettling {
      row.stream?.isOver = true
      row.stream = nil
    }
  }

  /// Takes a row out of the batch that nobody takes along.
  private mutating func putDown(
    _ row: Batch.Row,
    _ index: Int,
    _ forward: LanguageForward,
    after layers: Int
  ) {
    guard let stream = row.sequence.stream else { return }
    if row.stage == .lending {
      for place in stream.parked.indices where stream.parked[place].position == row.position {
        stream.parked[place].isAboard = false
      }
      return
    }
    park(row, forward.x.row(index), after: layers, isAboard: false)
  }

  /// Remembers a row as it left; not where no later token can go deeper.
  private mutating func park(
    _ row: Batch.Row,
    _ x: [Float],
    after layers: Int,
    isAboard: Bool
  ) {
    guard let stream = row.sequence.stream else { return }
    row.sequence.flight?.rows -= 1
    if isSameForAll(row.sequence) {
      counters.countRows(1, layers: row.layersRun)
      row.sequence.bill.work.countRows(1, layers: row.layersRun)
      return
    }
    let parked = ParkedRow(
      position: row.position,
      x: x,
      layersRun: row.layersRun,
      depth: layers,
      isAboard: isAboard
    )
    // One that left later may stand before one that left earlier and was taken along.
    let place = stream.parked.lastIndex { $0.position < row.position }.map { $0 + 1 } ?? 0
    stream.parked.insert(parked, at: place)
  }

  /// All layers are done: what was carried to the end is done with.
  mutating func retire(_ batch: inout Batch, _ forward: LanguageForward) {
    for row in batch.rows {
      guard let stream = row.sequence.stream else { continue }
      if let token = row.stream { token.isOver = true }
      guard row.stage == .lending else { continue }
      stream.parked.removeAll { $0.position == row.position }
      counters.countRows(1, layers: row.layersRun)
      row.sequence.bill.work.countRows(1, layers: row.layersRun)
    }
    let kept = batch.rows.indices.filter { batch.rows[$0].stage != .lending }
    guard kept.count < batch.count else { return }
    batch.rows = kept.map { batch.rows[$0] }
    forward.keep(kept, batch)
  }

  /// A stream ends: what its parked tokens went through is counted, and what they owe nobody will ask for.
  mutating func dropParked(of sequence: Sequence) {
    for row in sequence.stream?.parked ?? [] {
      counters.countRows(1, layers: row.layersRun)
      sequence.bill.work.countRows(1, layers: row.layersRun)
    }
    sequence.stream?.parked = []
  }
}
