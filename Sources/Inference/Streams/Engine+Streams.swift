import Models

// Classified streams: how they begin, what they say, and how they end.

extension Engine {
  /// Begins the stream of a request that classifies one.
  ///
  /// - Throws: `Refusal` if the model has no such label or exit.
  func begin(_ parameters: StreamParameters, _ sequence: Sequence) throws(Refusal) {
    let lane = lanes[sequence.lane]
    if let watch = parameters.watch, !lane.labels.contains(watch.label) {
      let known = lane.labels.joined(separator: ", ")
      throw Refusal(.badSetting, "\(lane.name) has no label \"\(watch.label)\"; it has \(known)")
    }
    let exits = lane.frugal?.tokens
    let stream = TokenStream(
      parameters,
      isBudgeted: sequence.request.macsMax != nil,
      labels: lane.labels,
      exits: exits,
      tokenizer: lane.tokenizer
    )
    sequence.stream = stream
    // Pages of a stream hold what its tokens left, which is nobody else's.
    sequence.pagesOffered = nil
    guard case .encoder = lane.forward else { return }
    stream.isWindowed = true
    let least = lane.windowOverhead + 1
    guard let window = parameters.window else { return }
    guard window >= least, window <= lane.positionsMax else {
      throw Refusal(
        .badSetting,
        "window must be \(least) to \(lane.positionsMax) tokens for \(lane.name), special ones included"
      )
    }
  }

  /// A token of a language model's stream sets out: what will be said of it has a place in the stream; nil for others.
  func setOut(_ position: Int, of sequence: Sequence) -> StreamRow? {
    guard let stream = sequence.stream else { return nil }
    let lane = lanes[sequence.lane]
    let head = lane.frugal?.tokens?.heads.last?.cost ?? 0
    let row = setOut(
      position,
      of: sequence,
      macsDense: lane.cost.row(positions: position + 1) + head
    )
    // A budget must pay for what is carried to the end, and where all leave alike nothing is parked.
    row?.settles =
      stream.isBudgeted
      ? paysToSettle(sequence, at: position)
      : !isSameForAll(sequence) && (position + 1).isMultiple(of: limits.parkedRowsMax)
    stream.setOut = position + 1
    return row
  }

  /// Whether no token of a stream ever goes deeper than another: what a request names by itself stays.
  func isSameForAll(_ sequence: Sequence) -> Bool {
    guard let stream = sequence.stream, !stream.isBudgeted,
      !sequence.request.task.explicit.isEmpty,
      let exits = lanes[sequence.lane].frugal?.tokens
    else { return false }
    return stream.rule?.isSameForAll(exits: exits.count) == true
  }

  /// A token sets out.
  func setOut(_ position: Int, of sequence: Sequence, macsDense: Int) -> StreamRow? {
    guard let stream = sequence.stream else { return nil }
    let token = sequence.tokens[position - stream.dropped]
    let row = StreamRow(
      position: position,
      token: token,
      text: stream.text(of: token),
      macsDense: macsDense
    )
    stream.flying.append(row)
    return row
  }

  /// Notes what is to be told of a token; nothing, if that was told already.
  ///
  /// - Parameters:
  ///   - probabilities: of the labels, in the model's order.
  ///   - labels: their names.
  ///   - row: the token.
  ///   - layers: that it went through.
  ///   - stream: its stream.
  func say(
    _ probabilities: [Double],
    _ labels: [String],
    of row: StreamRow,
    after layers: Int,
    in stream: TokenStream
  ) {
    let scores = zip(labels, probabilities).map { LabelScore(label: $0, score: Float($1)) }
      .sorted { ($1.score, $0.label) < ($0.score, $1.label) }
    row.probabilities = probabilities
    let parameters = stream.parameters
    // A correction is worth a message if the likeliest label is another.
    let isNews = row.last.map { $0.scores.first?.label != scores.first?.label } ?? true
    let watched = parameters.watch?.label
    // A watch is told the newest.
    guard isNews || watched != nil else { return }
    let most = parameters.labelsMax ?? scores.count
    let told = scores.enumerated().filter { place, own in
      place == 0 || own.label == watched || place < most && own.score >= parameters.scoreMin
    }
    let verdict = Verdict(
      position: row.position,
      token: row.token,
      layer: layers,
      scores: told.map(\.element),
      macs: row.macs,
      macsDense: 0,
      experts: row.experts.of > 0 ? Double(row.experts.run) / Double(row.experts.of) : 1,
      text: row.text
    )
    row.last = verdict
    if row.position >= stream.lastSaid.position {
      stream.lastSaid = (row.position, scores.first?.label, row.isForced)
    }
    row.pending.append(verdict)
  }

  /// Sends the verdicts of a stream that are due.
  mutating func release(_ sequence: Sequence) {
    guard let stream = sequence.stream, sequences[sequence.id] != nil else { return }
    let (verdicts, isEnded) = stream.release(slots: sequence.slots)
    for verdict in verdicts { emit(.verdict(sequence.id, verdict), sequence) }
    if isEnded { end(sequence, .finished(.watched)) }
  }

  /// Tells what there is to tell while a step runs: an early verdict is worth nothing late.
  mutating func tellEarly() {
    guard let tell, !emissions.isEmpty else { return }
    tell(emissions, carrier)
    emissions = []
  }
}
