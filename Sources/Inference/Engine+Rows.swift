import Models

// What every step does with its rows: board them, charge them layer by layer, let those go whose
// request has ended, and land the rest.

extension Engine {
  /// Marks the sequences of a batch as taking part in a step.
  mutating func board(_ batch: Batch) {
    let now = clock()
    layer.began = nil
    for row in batch.rows {
      row.sequence.flight = row.sequence.flight ?? Flight(began: now)
      row.sequence.flight?.rows += 1
    }
  }

  /// Puts one layer on the bills of a batch's rows, of which some picked experts.
  ///
  /// - Parameters:
  ///   - batch: the rows.
  ///   - cost: of the model.
  ///   - experts: of the model; nil if it has none.
  ///   - layer: from 0.
  ///   - runs: of every row, how many experts ran; nil where the layer ran whole. Empty is all nil.
  func charge(
    _ batch: inout Batch,
    _ cost: Cost,
    _ experts: RoutedExperts?,
    layer: Int,
    runs: [Int?]
  ) {
    guard let experts, !runs.isEmpty else { return charge(&batch, cost) }
    for index in batch.rows.indices {
      let sequence = batch.rows[index].sequence
      let before = sequence.stream == nil ? 0 : sequence.bill.work.macsTotal
      defer {
        if let row = batch.rows[index].stream {
          row.macs += sequence.bill.work.macsTotal - before
        }
      }
      sequence.bill.work.count(.attention, cost.attention(positions: batch.rows[index].seen))
      if let row = batch.rows[index].stream {
        row.experts.run += runs[index] ?? experts.count
        row.experts.of += experts.count
      }
      if let run = runs[index] {
        let macs = run * (cost.experts / experts.count)
        sequence.bill.work.count(.experts, macs, dense: cost.experts)
        sequence.bill.work.count(.routers, experts.routers[layer].cost, dense: 0)
        sequence.bill.work.countExperts(run)
      } else {
        sequence.bill.work.count(.experts, cost.experts)
        sequence.bill.work.countExperts(1)
      }
      batch.rows[index].layersRun += 1
      sequence.flight?.layers = batch.rows[index].layersRun
    }
  }

  /// Puts one layer on the bills of a batch's rows.
  func charge(_ batch: inout Batch, _ cost: Cost) {
    // The token for whose sake earlier ones of its stream take part: the next that asks.
    var cause: StreamRow?
    for index in batch.rows.indices.reversed() {
      let row = batch.rows[index]
      let before = row.sequence.stream == nil ? 0 : row.sequence.bill.work.macsTotal
      if let own = row.stream { cause = own }
      switch row.stage {
      case .asking, .owing:
        let attention = cost.attention(positions: row.seen)
        // What is owed was counted as spared when the token left.
        let isOwed = row.stage == .owing
        row.sequence.bill.work.count(.attention, attention, dense: isOwed ? 0 : attention)
        row.sequence.bill.work.count(.experts, cost.experts, dense: isOwed ? 0 : cost.experts)
        row.sequence.bill.work.countExperts(1)
        batch.rows[index].layersRun += 1
        row.sequence.flight?.layers = batch.rows[index].layersRun
      case .lending: row.sequence.bill.work.count(.attention, cost.keysAndValues, dense: 0)
      }
      if row.sequence.stream != nil {
        cause?.macs += row.sequence.bill.work.macsTotal - before
      }
    }
  }

  /// Between two layers: ends what is cancelled or expired, and drops its rows from the batch.
  ///
  /// - Parameters:
  ///   - batch: loses the rows.
  ///   - keep: drops them from the activations too; gets the indices that stay, and what the batch is now.
  mutating func leave(_ batch: inout Batch, keep: ([Int], Batch) -> Void) {
    guard interrupt() || hasEndedInStep else { return }
    hasEndedInStep = false
    for row in batch.rows where sequences[row.sequence.id] == nil && row.stage != .lending {
      counters.countRows(1, layers: row.layersRun)
    }
    let kept = batch.rows.indices.filter { sequences[batch.rows[$0].sequence.id] != nil }
    guard kept.count < batch.count else { return }
    batch.rows = kept.map { batch.rows[$0] }
    keep(kept, batch)
  }

  /// All layers are done: rows and time go on the bills.
  mutating func land(_ batch: Batch) {
    for row in batch.rows { counters.countRows(1, layers: row.layersRun) }
    let now = clock()
    for sequence in batch.sequences {
      sequence.land(now)
      chargeTenant(of: sequence)
    }
  }

  /// Tells the scheduler what a sequence's tenant was served since it was last told.
  mutating func chargeTenant(of sequence: Sequence) {
    let macs = sequence.bill.work.macsTotal
    fairness.charge(sequence.request.tenant, macs: macs - sequence.macsCharged)
    sequence.macsCharged = macs
  }
}

/// A sequence's part in the step that runs right now.
struct Flight {
  /// When the step began.
  let began: Duration
  var rows = 0
  var layers = 0
}

extension Sequence {
  /// Puts the running step's rows and time on the bill.
  func land(_ now: Duration) {
    guard let flight else { return }
    bill.computing += now - flight.began
    bill.work.countRows(flight.rows, layers: flight.layers)
    self.flight = nil
  }
}
