import Foundation
import Models
import Tensors

// One step of an encoder: whole texts, laid end to end.

extension Engine {
  mutating func step(encoder forward: EncoderForward, lane: Int) {
    let (began, before) = (clock(), counters.macsTotal)
    let (whole, texts) = encoderBatch(lane: lane)
    var batch = whole
    let cost = lanes[lane].cost
    board(batch)
    forward.embed(batch)
    var isUndisturbed = true
    for layer in 0 ..< lanes[lane].layers {
      let rows = batch.count
      leave(&batch) { kept, _ in forward.keep(kept) }
      if batch.count < rows { isUndisturbed = false }
      guard !batch.isEmpty else { break }
      let open = texts.filter { $0.isOpen && sequences[$0.sequence.id] != nil }
      let runs = forward.layer(
        layer,
        texts: Self.rows(of: open),
        taus: open.map(\.tau),
        counters: &counters
      )
      charge(&batch, cost, lanes[lane].frugal?.experts, layer: layer, runs: runs)
      if let place = lanes[lane].frugal?.exits?.layers.firstIndex(of: layer + 1) {
        ask(exit: place, open, forward, &batch, lane: lane)
      }
    }
    let open = texts.filter { $0.isOpen && sequences[$0.sequence.id] != nil }
    for (entry, rows) in zip(open, Self.rows(of: open)) {
      entry.answer = answer(entry, rows, forward, cost)
    }
    land(batch)
    for entry in texts where sequences[entry.sequence.id] != nil { deliver(entry) }
    // A step that ended requests took less time than was planned, and says nothing.
    if isUndisturbed {
      lanes[lane].stepCost.learn(macs: counters.macsTotal - before, took: clock() - began)
    }
  }

  /// Whole texts up to the row limit, and to what there is time for while a language model's answer is
  /// running, the least served tenant first; at least one.
  private func encoderBatch(lane index: Int) -> (Batch, [EncoderPassage]) {
    var batch = Batch()
    var entries: [EncoderPassage] = []
    let lane = lanes[index]
    var macs = isDecoding ? lane.stepCost.promptMACsMax(beside: 0, within: limits.stepMax) : .max
    for sequence in fairness.order(lanes[index].running.filter(\.hasRow)) {
      for text in sequence.texts.prefix(sequence.slots) {
        let rows = batch.count + text.tokens.count
        let price = lane.cost.text(text.tokens.count)
        guard entries.isEmpty || (rows <= limits.rowsMax && price <= macs) else {
          return (batch, entries)
        }
        macs = max(0, macs - price)
        if sequence.admitted == nil { sequence.admitted = clock() }
        for (position, token) in text.tokens.enumerated() {
          batch.rows.append(
            Batch.Row(
              sequence: sequence,
              token: token,
              position: position,
              seen: text.tokens.count,
              type: text.types[position]
            )
          )
        }
        entries.append(EncoderPassage(sequence, text))
      }
    }
    return (batch, entries)
  }

  /// Where each text's rows lie in the batch.
  static func rows(of entries: [EncoderPassage]) -> [Range<Int>] {
    var start = 0
    return entries.map { entry in
      defer { start += entry.text.tokens.count }
      return start ..< start + entry.text.tokens.count
    }
  }

  private mutating func answer(
    _ entry: EncoderPassage,
    _ rows: Range<Int>,
    _ forward: EncoderForward,
    _ cost: Cost
  ) -> Emission {
    let (sequence, text) = (entry.sequence, entry.text)
    if case .embed(let parameters) = sequence.request.task {
      var vector = forward.pool(rows)
      if parameters.normalize ?? forward.configuration.normalize { scaleToUnitLength(&vector) }
      return .embedding(sequence.id, index: text.index, vector)
    }
    guard case .classify(let parameters) = sequence.request.task,
      let logits = forward.classify(firstRow: rows.lowerBound, counters: &counters)
    else { preconditionFailure("an encoder's row without a task") }
    sequence.bill.work.count(.head, cost.head)
    return labels(logits, of: entry, parameters, forward)
  }

  /// What a text is, from scores whose softmax counts.
  func labels(
    _ logits: [Float],
    of entry: EncoderPassage,
    _ parameters: EncodeParameters,
    _ forward: EncoderForward
  ) -> Emission {
    let scores = forward.scores(logits)
    return .labels(
      entry.sequence.id,
      index: entry.text.index,
      Array(scores.prefix(parameters.labelsMax ?? scores.count))
    )
  }

  private mutating func deliver(_ entry: EncoderPassage) {
    guard let emission = entry.answer else { preconditionFailure("a text without an answer") }
    let (sequence, text) = (entry.sequence, entry.text)
    sequence.texts.removeFirst()
    sequence.heldWeight += text.weight
    countToken(of: sequence)
    emit(emission, sequence)
    settle(sequence)
  }
}

extension Cost {
  /// A whole text of `rows` tokens, each of which sees all, without a head.
  fileprivate func text(_ rows: Int) -> Int { rows * row(positions: rows) }
}

/// Divides a vector by its Euclidean norm; leaves a zero vector alone.
func scaleToUnitLength(_ vector: inout [Float]) {
  let norm = Float(vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
  guard norm > 0 else { return }
  for index in vector.indices { vector[index] /= norm }
}
