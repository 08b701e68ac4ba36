import Foundation
import Models
import Tensors

// Exits of a language model: what is asked about a stream's tokens between two layers, and who is sure.

extension Engine {
  /// Asks an exit about the streams' tokens that it may concern; those that are sure leave.
  ///
  /// - Parameters:
  ///   - place: among the exits; the last answers for all.
  ///   - batch: loses the rows that leave, unless a later one takes them along.
  ///   - forward: holds the rows.
  ///   - lane: of the model.
  mutating func ask(
    tokenExit place: Int,
    _ batch: inout Batch,
    _ forward: LanguageForward,
    lane: Int
  ) {
    let streams = batch.streams
    let flying = streams.map { batch.rows[$0.rows.lowerBound].sequence }
    guard let exits = lanes[lane].frugal?.tokens, !streams.isEmpty else { return }
    hear(exit: place, exits, batch, streams, forward)
    let next = secondsToNextExit(batch, from: place, exits, lane: lane)
    var isLeaving = [Bool](repeating: false, count: batch.count)
    for (_, rows) in streams {
      for index in rows {
        isLeaving[index] = judge(&batch.rows[index], exit: place, exits, next: next, lane: lane)
      }
    }
    guard place < exits.count - 1 else { return }
    depart(isLeaving, &batch, forward, after: exits.layers[place])
    for sequence in flying {
      release(sequence)
      // Whose tokens are all through does not wait for the others of the step: its end may be due, or its deadline.
      if sequence.flight == nil { settleStream(sequence) }
    }
    tellEarly()
  }

  /// Runs a head for the tokens that ask, and adds every row to the means that later tokens' heads read.
  private mutating func hear(
    exit place: Int,
    _ exits: TokenExits,
    _ batch: Batch,
    _ streams: [(stream: TokenStream, rows: Range<Int>)],
    _ forward: LanguageForward
  ) {
    let units = forward.units(epsilon: exits.epsilon)
    var (asking, inputs): ([Int], [[Float]]) = ([], [])
    for (stream, rows) in streams {
      let isHeard =
        stream.isBudgeted || stream.isHurried
        || stream.rule.map { place >= exits.firstHead(for: $0) } ?? false
      for index in rows {
        // Whatever the rule is now: a later one may want the mean.
        for (column, number) in units[index].enumerated() {
          stream.sums[place][column] += Double(number)
        }
        guard isHeard, batch.rows[index].asks else { continue }
        let count = Double(batch.rows[index].position + 1)
        asking.append(index)
        inputs.append(units[index] + stream.sums[place].map { Float($0 / count) })
      }
    }
    guard !asking.isEmpty else { return }
    let scores = forward.scores(
      ofExit: place,
      inputs,
      before: asking.map { batch.rows[$0].stream?.opinions.last },
      counters: &counters
    )
    let isLast = place == exits.count - 1
    for (index, own) in zip(asking, scores) {
      let (row, macs) = (batch.rows[index], exits.heads[place].cost)
      row.stream?.opinions.append(own)
      row.stream?.macs += macs
      row.sequence.bill.work.count(isLast ? .head : .exits, macs, dense: isLast ? macs : 0)
    }
  }

  /// What an exit makes of a token; whether it leaves.
  ///
  /// `next` is how many seconds the step takes to the next exit, if anybody minds.
  private mutating func judge(
    _ row: inout Batch.Row,
    exit place: Int,
    _ exits: TokenExits,
    next: Double?,
    lane: Int
  ) -> Bool {
    guard row.asks, let token = row.stream, let stream = row.sequence.stream,
      let rule = stream.rule, let own = token.opinions.last
    else { return false }
    let obstacle = obstacle(to: row, from: place, exits, next: next, lane: lane)
    // An exit before the first is asked only where a budget or a deadline ends.
    guard place >= rule.first || obstacle != nil else { return false }
    var scores = own
    if place < exits.ensembles.count {
      // Plain heads have no ensembles, so every head so far has been heard.
      scores = exits.ensembles[place].scores(token.opinions.map { $0[...] })
      let macs = exits.cost(at: place, isAsked: true) - exits.heads[place].cost
      counters.count(.exits, macs, dense: 0)
      row.sequence.bill.work.count(.exits, macs, dense: 0)
      token.macs += macs
    }
    let beliefs = softmax(scores[...])
    let isLast = place == exits.count - 1
    let isSure = isLast || place >= rule.first && beliefs.max() ?? 0 > rule.threshold
    guard isSure || obstacle != nil else { return false }
    if !isSure, obstacle == .budget { row.sequence.isSpent = true }
    token.isForced = !isSure
    say(beliefs, exits.labels, of: token, after: exits.layers[place], in: stream)
    if isLast {
      token.isOver = true
      countToken(of: row.sequence)
    }
    return !isLast && !(stream.parameters.refines && obstacle == nil)
  }
}

extension Batch.Row {
  /// Whether exits are asked about it.
  var asks: Bool { stage == .asking && stream != nil && stream?.isOver == false }
  /// Whether it takes all earlier tokens along to the last layer.
  var isSettling: Bool { stream?.settles ?? false }
}
