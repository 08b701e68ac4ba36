import Models

// Budgets: what is about to run is paid for at its worst before it runs.

extension Engine {
  /// Ends requests of a lane whose budget does not pay for their next answer.
  mutating func endSpent(lane: Int) {
    for sequence in lanes[lane].running where sequence.request.macsMax != nil && sequence.hasRow {
      guard let most = sequence.request.macsMax else { continue }
      let next = leastOfNext(sequence)
      guard sequence.bill.work.macsTotal + next > most else { continue }
      if sequence.bill.work.tokensOut > 0 {
        end(sequence, .finished(.budget))
      } else {
        end(sequence, .refused(Self.tooSmall(most, least: sequence.bill.work.macsTotal + next)))
      }
    }
  }

  /// The least that the next answer of a request costs.
  private func leastOfNext(_ sequence: Sequence) -> Int {
    let lane = lanes[sequence.lane]
    if let text = sequence.texts.first {
      return lane.leastMACs(rows: text.tokens.count, sequence.request.task)
    }
    if sequence.stream != nil, let exits = lane.frugal?.tokens {
      return lane.leastMACs(position: sequence.position, exits)
    }
    // A prompt is read as a whole before its first answer.
    let rows = sequence.promptCount.map { max(1, $0 - sequence.position) } ?? 1
    return lane.cost.causalRows(start: sequence.position, count: rows) + lane.cost.head
  }

  /// Rows of a request that its budget pays for, of those it has.
  ///
  /// A classified stream gets one at a time: what that may do must not hang on how many came together.
  func affordableRows(_ wanted: Int, of sequence: Sequence) -> Int {
    guard let most = sequence.request.macsMax else { return wanted }
    if sequence.stream != nil { return min(1, wanted) }
    guard sequence.answersEveryRow else { return wanted }
    let cost = lanes[sequence.lane].cost
    var (left, count) = (most - sequence.bill.work.macsTotal, 0)
    while count < wanted {
      left -= cost.row(positions: sequence.position + count + 1) + cost.head
      guard left >= 0 else { break }
      count += 1
    }
    return count
  }

  /// What keeps a token of a language model's stream from going on to the next exit.
  ///
  /// - Parameters:
  ///   - row: the token's.
  ///   - place: of the exit that it stands at.
  ///   - exits: of the model.
  ///   - next: how many seconds the step takes to the next exit; nil where nobody is in a hurry.
  ///   - lane: of the model.
  /// - Returns: its budget or its deadline; nil if it may go on.
  func obstacle(
    to row: Batch.Row,
    from place: Int,
    _ exits: TokenExits,
    next: Double?,
    lane: Int
  ) -> Obstacle? {
    guard place + 1 < exits.count else { return nil }
    if !canPay(row, from: place, exits, lane: lane) { return .budget }
    // Who takes all that is parked along to the end goes there.
    guard let next, row.sequence.stream?.isHurried == true, row.stream?.settles == false,
      let deadline = row.sequence.request.deadline, next > (deadline - clock()) / .seconds(1)
    else { return nil }
    return .deadline
  }

  /// Whether a token may go on to the next exit without a chance that its request costs more than it may.
  private func canPay(_ row: Batch.Row, from place: Int, _ exits: TokenExits, lane: Int) -> Bool {
    let sequence = row.sequence
    guard let most = sequence.request.macsMax, let stream = sequence.stream else { return true }
    // What it would take along there must be no more than one step should carry, unless all of that is paid for.
    let along = stream.parked.count { $0.depth < exits.layers[place + 1] }
    guard along < limits.parkedRowsMax || row.isSettling else { return false }
    // The ensemble here, if this exit is asked, and the answer at the next.
    let bound =
      exits.cost(at: place, isAsked: true) - exits.heads[place].cost
      + exits.cost(at: place + 1, isAsked: true)
      + stream.bound(
        of: exits.layers[place] ..< exits.layers[place + 1],
        seen: row.seen,
        rows: sequence.flight?.rows ?? 1,
        lanes[lane].cost
      )
    return sequence.bill.work.macsTotal + bound <= most
  }

  /// Whether a token of a stream with a budget takes along to the last layer what is parked: when that is as much as may be, and
  /// what it costs is no more than the share of as many tokens in what is left.
  func paysToSettle(_ sequence: Sequence, at position: Int) -> Bool {
    guard let most = sequence.request.macsMax, let stream = sequence.stream,
      let exits = lanes[sequence.lane].frugal?.tokens,
      stream.parked.count >= limits.parkedRowsMax - 1
    else { return false }
    let cost = lanes[sequence.lane].cost
    let bound =
      exits.layers.indices.reduce(0) { $0 + exits.cost(at: $1, isAsked: true) }
      + stream.bound(of: 0 ..< cost.layers, seen: position + 1, rows: 1, cost)
    let spare = most - sequence.bill.work.macsTotal
    let left = max(1, stream.parameters.tokensMax - position)
    let share = min(1, Double(limits.parkedRowsMax) / Double(left))
    return Double(bound) <= share * Double(spare)
  }

  /// What keeps a text from going on to the next exit, or to the end.
  ///
  /// - Parameters:
  ///   - entry: the text.
  ///   - layers: that it went through.
  ///   - beside: the most that the others of its step spend until then.
  /// - Returns: its budget or its deadline; nil if it may go on.
  func obstacle(to entry: EncoderPassage, after layers: Int, beside: Int) -> Obstacle? {
    let lane = lanes[entry.sequence.lane]
    let request = entry.sequence.request
    guard request.macsMax != nil || entry.isHurried else { return nil }
    let bound = lane.boundToNextExit(entry, after: layers)
    if let most = request.macsMax, entry.sequence.bill.work.macsTotal + bound > most {
      return .budget
    }
    if entry.isHurried, let deadline = request.deadline,
      let seconds = lane.stepCost.seconds(forMACs: bound + beside),
      seconds > (deadline - clock()) / .seconds(1)
    {
      return .deadline
    }
    return nil
  }
}

/// What makes a text or a token leave at an exit that is not sure of it.
enum Obstacle {
  /// What it has left does not pay for the next exit.
  case budget
  /// The next exit would come too late.
  case deadline
}

extension Lane {
  /// The most that a text costs from one exit to the answer at the next, or at the end.
  func boundToNextExit(_ entry: EncoderPassage, after layers: Int) -> Int {
    let rows = entry.text.tokens.count
    let place = exitLayers.firstIndex { $0 > layers }
    let next = place.map { exitLayers[$0] } ?? cost.layers
    var macs = 0
    for layer in layers ..< next {
      macs += rows * (cost.attention(positions: rows) + cost.experts)
      if entry.tau != nil { macs += rows * (frugal?.experts?.routers[layer].cost ?? 0) }
    }
    return macs + (place.flatMap { frugal?.exits?.cost(at: $0) } ?? cost.head)
  }
}

extension TokenStream {
  /// The most that some layers cost for the rows of a stream that go through them, and for what is parked before them.
  fileprivate func bound(of layers: Range<Int>, seen: Int, rows: Int, _ cost: Cost) -> Int {
    let whole = cost.attention(positions: seen) + cost.experts
    let owed = policy == .defer ? whole : cost.keysAndValues
    // Earlier tokens see less than this one.
    return layers.reduce(0) { bound, layer in
      bound + rows * whole + parked.count { $0.depth <= layer || $0.isAboard } * owed
    }
  }
}
