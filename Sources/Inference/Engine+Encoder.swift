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
      if look(&batch, forward) { isUndisturbed = false }
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
        // Who is late by now is not asked any more.
        if look(&batch, forward) { isUndisturbed = false }
        let open = open.filter { sequences[$0.sequence.id] != nil }
        ask(exit: place, open, forward, &batch, lane: lane)
        deliver(texts)
        tellEarly()
        // What the exit took is no layer.
        self.layer.began = nil
      }
    }
    // Once more, for what passed while the last layer ran; where all have left none did.
    if !batch.isEmpty, look(&batch, forward) { isUndisturbed = false }
    let open = texts.filter { $0.isOpen && sequences[$0.sequence.id] != nil }
    for (entry, rows) in zip(open, Self.rows(of: open)) {
      entry.answer = answer(entry, rows, forward, cost)
    }
    land(batch)
    deliver(texts)
    // A step that ended requests took less time than was planned, and says nothing.
    if isUndisturbed {
      lanes[lane].stepCost.learn(macs: counters.macsTotal - before, took: clock() - began)
    }
  }

  /// Lets those go whose request has ended; true if there were any.
  private mutating func look(_ batch: inout Batch, _ forward: EncoderForward) -> Bool {
    let rows = batch.count
    leave(&batch) { kept, _ in forward.keep(kept) }
    return batch.count < rows
  }

  /// Whole texts up to the row limit, and to what there is time for while a language model's answer is
  /// running, the least served tenant first; at least one.
  private func encoderBatch(lane index: Int) -> (Batch, [EncoderPassage]) {
    var batch = Batch()
    var chosen: [(sequence: Sequence, text: EncoderText)] = []
    let lane = lanes[index]
    var macs = isDecoding ? lane.stepCost.promptMACsMax(beside: 0, within: limits.stepMax) : .max
    for sequence in fairness.order(lanes[index].running.filter(\.hasRow)) {
      // What a text of a budget may cost depends on what the one before has cost.
      let most = sequence.request.macsMax == nil ? sequence.slots : 1
      for text in sequence.texts.prefix(most) {
        let rows = batch.count + text.tokens.count
        let price = lane.cost.text(text.tokens.count)
        guard chosen.isEmpty || (rows <= limits.rowsMax && price <= macs) else {
          return (batch, passages(of: chosen))
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
        chosen.append((sequence, text))
      }
    }
    return (batch, passages(of: chosen))
  }

  /// Texts of one step with the settings that they run with.
  private func passages(
    of chosen: [(sequence: Sequence, text: EncoderText)]
  ) -> [EncoderPassage] {
    // They are computed together, so a deadline has to do with what the others are expected to spend.
    let isHurried = chosen.contains { $0.sequence.request.hurries }
    var (taken, later): ([SequenceID: Int], [SequenceID: Double]) = ([:], [:])
    for (sequence, _) in chosen where sequence.request.hurries {
      taken[sequence.id, default: 0] += 1
    }
    for (sequence, _) in chosen {
      guard let count = taken.removeValue(forKey: sequence.id) else { continue }
      later[sequence.id] = sequence.texts.dropFirst(count).reduce(0.0) {
        $0 + Double(denseMACs(of: $1, in: sequence.lane))
      }
    }
    let expected = chosen.map { sequence, text in
      guard isHurried else { return 0.0 }
      return Double(denseMACs(of: text, in: sequence.lane))
        * (setting(of: sequence, text, later: later[sequence.id] ?? 0)?.share ?? 1)
    }
    let all = expected.reduce(0, +)
    return zip(chosen, expected).map { entry, own in
      passage(entry.sequence, entry.text, beside: all - own, later: later[entry.sequence.id] ?? 0)
    }
  }

  /// What the whole model spends on a text.
  private func denseMACs(of text: EncoderText, in lane: Int) -> Int {
    lanes[lane].cost.text(text.tokens.count) + lanes[lane].cost.head
  }

  private func setting(
    of sequence: Sequence,
    _ text: EncoderText,
    beside: Double = 0,
    later: Double
  ) -> EffortCurve.Point? {
    // A budget is for all windows that are to come, and for one text.
    let windows = sequence.stream.map { stream in
      (stream.parameters.tokensMax - text.index) / stream.parameters.stride
    }
    let dense = denseMACs(of: text, in: sequence.lane)
    return setting(of: sequence, dense: dense, left: windows ?? 1, beside: beside, later: later)
  }

  /// A text with the setting that it runs with, beside others that are expected to spend as much, and before others of its request.
  private func passage(
    _ sequence: Sequence,
    _ text: EncoderText,
    beside: Double,
    later: Double
  ) -> EncoderPassage {
    let lane = lanes[sequence.lane]
    let dense = denseMACs(of: text, in: sequence.lane)
    let setting = setting(of: sequence, text, beside: beside, later: later)
    let most = sequence.request.macsMax.map { $0 - sequence.bill.work.macsTotal }
    let isTight =
      sequence.request.task.obeysEffort
      && ((most ?? .max) < dense || setting?.tau != nil && most != nil)
    // Only what may be answered early hurries.
    let isHurried =
      sequence.request.task.obeysEffort && sequence.request.hurries
      && isNear(sequence.request.deadline, for: dense, beside: beside, lane)
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

  /// Whether a deadline may come before the answer: within four times what the text takes, or twice what the step does.
  private func isNear(
    _ deadline: Duration?,
    for macs: Int,
    beside: Double,
    _ lane: Lane
  ) -> Bool {
    guard let deadline, let own = lane.stepCost.seconds(forMACs: macs),
      let step = lane.stepCost.seconds(forMACs: macs + Int(beside))
    else { return false }
    return max(4 * own, 2 * step) > (deadline - clock()) / .seconds(1)
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

  /// Tells what is answered, in the order of each sequence's texts.
  private mutating func deliver(_ texts: [EncoderPassage]) {
    for entry in texts where !entry.isOpen && !entry.isTold {
      let sequence = entry.sequence
      guard sequences[sequence.id] != nil, sequence.texts.first?.index == entry.text.index else {
        continue
      }
      deliver(entry)
    }
  }

  private mutating func deliver(_ entry: EncoderPassage) {
    entry.isTold = true
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
