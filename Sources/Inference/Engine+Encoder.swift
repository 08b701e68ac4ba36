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
      if batch.isEmpty { break }
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
    // Once more, for what passed while the last layer ran; where all have left none did.
    if !batch.isEmpty {
      let rows = batch.count
      leave(&batch) { kept, _ in forward.keep(kept) }
      if batch.count < rows { isUndisturbed = false }
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
      // What a text of a budget may cost depends on what the one before has cost.
      let most = sequence.request.macsMax == nil ? sequence.slots : 1
      for text in sequence.texts.prefix(most) {
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
              type: text.types[position],
              stream: text.row
            )
          )
        }
        entries.append(passage(sequence, text))
      }
    }
    return (batch, entries)
  }

  /// A text with the setting that it runs with.
  private func passage(_ sequence: Sequence, _ text: EncoderText) -> EncoderPassage {
    let (lane, rows) = (lanes[sequence.lane], text.tokens.count)
    let dense = lane.cost.text(rows) + lane.cost.head
    // A budget is for all windows that are to come, and for one text.
    let windows = sequence.stream.map { stream in
      (stream.parameters.tokensMax - text.index) / stream.parameters.stride
    }
    let setting = setting(of: sequence, dense: dense, left: windows ?? 1)
    let most = sequence.request.macsMax.map { $0 - sequence.bill.work.macsTotal }
    let isTight =
      sequence.request.task.obeysEffort
      && ((most ?? .max) < dense || setting?.tau != nil && most != nil)
    // Only what may be answered early hurries.
    let isHurried =
      sequence.request.task.obeysEffort && sequence.request.hurries
      && isNear(sequence.request.deadline, for: dense, lane)
    let passage = EncoderPassage(
      sequence,
      text,
      setting,
      asksAll: isTight || isHurried,
      isHurried: isHurried
    )
    // Routers cost as well: where they may not be paid for, layers up to the first exit run whole.
    guard let most, passage.tau != nil, lane.boundToNextExit(passage, after: 0) > most else {
      return passage
    }
    return EncoderPassage(
      sequence,
      text,
      setting,
      mayPick: false,
      asksAll: true,
      isHurried: isHurried
    )
  }

  /// Whether a deadline may come before the answer.
  private func isNear(_ deadline: Duration?, for macs: Int, _ lane: Lane) -> Bool {
    guard let deadline, let seconds = lane.stepCost.seconds(forMACs: macs) else { return false }
    return 4 * seconds > (deadline - clock()) / .seconds(1)
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
    guard let logits = forward.classify(firstRow: rows.lowerBound, counters: &counters)
    else { preconditionFailure("an encoder's row without a task") }
    sequence.bill.work.count(.head, cost.head)
    entry.text.row?.macs += cost.head
    return labels(logits, of: entry, after: cost.layers, forward)
  }

  /// What a text is, from scores whose softmax counts.
  func labels(
    _ logits: [Float],
    of entry: EncoderPassage,
    after layers: Int,
    _ forward: EncoderForward
  ) -> Emission {
    if let row = entry.text.row, let stream = entry.sequence.stream {
      let probabilities = forward.probabilities(logits).map { Double($0) }
      say(probabilities, forward.configuration.labels, of: row, after: layers, in: stream)
      return .consumed(entry.sequence.id, weight: 0)
    }
    guard case .classify(let parameters) = entry.sequence.request.task else {
      preconditionFailure("labels for a task that wants none")
    }
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
    watchOver(entry)
    if let row = text.row {
      row.isOver = true
      release(sequence)
    } else {
      emit(emission, sequence)
    }
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
