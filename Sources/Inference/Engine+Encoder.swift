import Foundation
import Models
import Tensors

// One step of an encoder: whole texts, laid end to end.

extension Engine {
  mutating func step(encoder forward: EncoderForward, lane: Int) {
    let began = clock()
    var (batch, texts) = encoderBatch(lane: lane)
    let planned = batch.count
    let cost = lanes[lane].cost
    let macs = texts.reduce(0) { $0 + cost.text($1.text.tokens.count) }
    board(batch)
    forward.embed(batch)
    for layer in 0 ..< lanes[lane].layers {
      leave(&batch) { kept, _ in forward.keep(kept) }
      texts.removeAll { sequences[$0.sequence.id] == nil }
      guard !batch.isEmpty else { return }
      let rows = Self.rows(of: texts)
      forward.layer(layer, texts: rows, counters: &counters)
      charge(&batch, cost)
    }
    let answers = zip(texts, Self.rows(of: texts)).map { entry, rows in
      answer(entry, rows, forward, cost)
    }
    land(batch)
    for (entry, emission) in zip(texts, answers) { deliver(emission, of: entry) }
    if batch.count == planned {
      lanes[lane].stepCost.learn(macs: macs, took: clock() - began)
    }
  }

  /// A text in a batch.
  private typealias Entry = (sequence: Sequence, text: EncoderText)

  /// Whole texts up to the row limit, and to what there is time for while a language model's answer is
  /// running, the least served tenant first; at least one.
  private func encoderBatch(lane index: Int) -> (Batch, [Entry]) {
    var batch = Batch()
    var entries: [Entry] = []
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
        entries.append((sequence, text))
      }
    }
    return (batch, entries)
  }

  /// Where each text's rows lie in the batch.
  private static func rows(of entries: [Entry]) -> [Range<Int>] {
    var start = 0
    return entries.map { entry in
      defer { start += entry.text.tokens.count }
      return start ..< start + entry.text.tokens.count
    }
  }

  private mutating func answer(
    _ entry: Entry,
    _ rows: Range<Int>,
    _ forward: EncoderForward,
    _ cost: Cost
  ) -> Emission {
    let (sequence, text) = entry
    if case .embed(let parameters) = sequence.request.task {
      var vector = forward.pool(rows)
      if parameters.normalize ?? forward.configuration.normalize { scaleToUnitLength(&vector) }
      return .embedding(sequence.id, index: text.index, vector)
    }
    guard case .classify(let parameters) = sequence.request.task,
      let logits = forward.classify(firstRow: rows.lowerBound, counters: &counters)
    else { preconditionFailure("an encoder's row without a task") }
    sequence.bill.work.count(.head, cost.head)
    let scores = forward.scores(logits)
    return .labels(
      sequence.id,
      index: text.index,
      Array(scores.prefix(parameters.labelsMax ?? scores.count))
    )
  }

  private mutating func deliver(_ emission: Emission, of entry: Entry) {
    let (sequence, text) = entry
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
