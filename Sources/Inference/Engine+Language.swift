import Models
import Tensors

// One step of a language model.

extension Engine {
  mutating func step(language forward: LanguageForward, _ pages: KeyValuePages, lane: Int) {
    let began = clock()
    let before = counters.macsTotal
    var batch = languageBatch(lane: lane)
    let planned = batch.sequences
    noteHurry(batch, lane: lane)
    board(batch)
    let cost = lanes[lane].cost
    forward.embed(batch)
    for layer in 0 ..< cost.layers {
      leave(&batch) { forward.keep($0, $1) }
      if batch.isEmpty { break }
      rejoin(&batch, forward, layer: layer)
      forward.layer(layer, batch, pages: pages, counters: &counters)
      noteLayer()
      charge(&batch, cost)
      deepen(batch, to: layer + 1)
      if let place = lanes[lane].exitLayers.firstIndex(of: layer + 1), !batch.streams.isEmpty {
        // Who is late by now is not asked any more.
        leave(&batch) { forward.keep($0, $1) }
        ask(tokenExit: place, &batch, forward, lane: lane)
        // What the exit took is no layer.
        self.layer.began = nil
      }
    }
    // Once more, for what passed while the last layer ran; where all have left none did.
    if !batch.isEmpty { leave(&batch) { forward.keep($0, $1) } }
    retire(&batch, forward)
    forward.score(batch, counters: &counters)
    for row in batch.rows where row.wantsLogits {
      row.sequence.bill.work.count(.head, cost.head)
    }
    land(batch)
    for sequence in planned {
      landRest(of: sequence)
      settleStream(sequence)
    }
    deliver(Logits(forward.logits, workers), of: batch)
    // A step that ended requests took less time than was planned, and says nothing.
    if planned.allSatisfy({ sequences[$0.id] != nil || $0.isAnswered }) {
      lanes[lane].stepCost.learn(macs: counters.macsTotal - before, took: clock() - began)
    }
  }

  /// Decode rows first, then slices of prefill, the least served tenant first: as many rows as a step
  /// has time for while an answer is running, whosever it is.
  ///
  /// - Returns: the rows.
  private func languageBatch(lane index: Int) -> Batch {
    var batch = Batch()
    var prefill: [Sequence] = []
    for sequence in fairness.order(lanes[index].running.filter(\.hasRow)) {
      if sequence.isDecoding, batch.count < limits.rowsMax {
        addRows(1, of: sequence, to: &batch)
      } else if !sequence.isDecoding {
        prefill.append(sequence)
      }
    }
    let lane = lanes[index]
    let decoding = batch.rows.reduce(0) { $0 + lane.cost.row(positions: $1.seen) + lane.cost.head }
    var slice = Slice(
      rows: min(limits.prefillRowsMax, limits.rowsMax - batch.count),
      macs: isDecoding ? lane.stepCost.promptMACsMax(beside: decoding, within: limits.stepMax) : nil
    )
    for sequence in prefill where slice.rows > 0 {
      let pending = sequence.tokens.count - sequence.position
      let isScored = sequence.answersEveryRow
      let hasSlots = isScored || sequence.stream != nil
      let wanted = affordableRows(hasSlots ? min(pending, sequence.slots) : pending, of: sequence)
      let count = slice.take(wanted, from: sequence.position, lane.cost, scored: isScored)
      addRows(count, of: sequence, to: &batch)
    }
    return batch
  }

  /// Whether the next step of some model goes on with an answer that its reader waits for.
  var isDecoding: Bool {
    lanes.contains { $0.running.contains { $0.isDecoding && $0.hasRow } }
  }

  private func addRows(_ count: Int, of sequence: Sequence, to batch: inout Batch) {
    settleRule(of: sequence)
    for position in sequence.position ..< sequence.position + count {
      let isAsked = sequence.answersEveryRow || position == sequence.tokens.count - 1
      var row = Batch.Row(
        sequence: sequence,
        token: sequence.tokens[position],
        position: position,
        seen: position + 1,
        wantsLogits: isAsked && sequence.stream == nil
      )
      row.stream = setOut(position, of: sequence)
      batch.rows.append(row)
    }
  }

  /// Turns logits into predictions and next tokens.
  private mutating func deliver(_ logits: Logits, of batch: Batch) {
    // Before any answer goes out and ends a sequence: it then gives its pages back.
    for row in batch.rows where row.sequence.stream == nil {
      row.sequence.position = row.position + 1
    }
    for sequence in batch.sequences { offerPages(of: sequence) }
    var place = 0
    for row in batch.rows {
      guard row.wantsLogits else { continue }
      let own = logits.row(place)
      place += 1
      if case .predict(let parameters) = row.sequence.request.task {
        deliver(own, of: row, parameters)
      } else {
        deliverNext(own, of: row.sequence)
      }
    }
    for sequence in batch.sequences where sequences[sequence.id] != nil { settle(sequence) }
  }

  /// A stream whose rows all left the batch has been on its way all the same.
  private mutating func landRest(of sequence: Sequence) {
    guard sequence.flight != nil, sequences[sequence.id] != nil else { return }
    sequence.land(clock())
    chargeTenant(of: sequence)
  }

  /// A stream's tokens of a step are answered: verdicts that are still to be told go out, and the next tokens may come.
  mutating func settleStream(_ sequence: Sequence) {
    guard let stream = sequence.stream, sequences[sequence.id] != nil else { return }
    sequence.position = stream.setOut
    release(sequence)
    settle(sequence)
  }

  private mutating func deliver(
    _ logits: Logits.Row,
    of row: Batch.Row,
    _ parameters: PredictParameters
  ) {
    let prediction = Prediction(
      position: row.position,
      token: row.token,
      candidates: logits.likeliest(parameters.candidates)
    )
    countToken(of: row.sequence)
    emit(.prediction(row.sequence.id, prediction), row.sequence)
  }

  private mutating func deliverNext(_ logits: Logits.Row, of sequence: Sequence) {
    guard let (token, finish) = sequence.generation?.next(logits) else {
      preconditionFailure("sequence \(sequence.id.number) has logits but no task for them")
    }
    countToken(of: sequence)
    emit(.token(sequence.id, token), sequence)
    if let finish {
      end(sequence, .finished(finish))
    } else {
      sequence.tokens.append(token.token)
    }
  }

  mutating func countToken(of sequence: Sequence) {
    sequence.bill.work.tokensOut += 1
    counters.tokensOut += 1
  }
}

extension Sequence {
  /// Whether its next row continues an answer.
  var isDecoding: Bool { promptCount.map { position >= $0 } ?? false }

  /// Whether every token of the input is answered with what follows it: Predict.
  var answersEveryRow: Bool { promptCount == nil && stream == nil }

  /// Whether its end was due to what it did, and not to a client or a clock.
  var isAnswered: Bool { position >= tokens.count && inputClosed }
}
