import Models

// Overload: what waits is priced, effort is lowered for it, and who would wait too long is told so at once.

extension Engine {
  /// Seconds that everybody's next answer takes at a share of the whole model's work; 0 before anything was measured.
  func backlog(share: (Lane, Sequence) -> Double) -> Double {
    lanes.reduce(0) { sum, lane in
      guard let rate = lane.stepCost.secondsPerWork else { return sum }
      let macs = (lane.running + lane.waiting).reduce(0.0) { macs, sequence in
        macs + Double(sequence.nextMACs(lane.cost)) * share(lane, sequence)
      }
      return sum + rate * macs
    }
  }

  /// Sets how much effort there is for everybody.
  mutating func weighLoad() {
    brownOut.weigh(seconds: backlog { _, _ in 1 }, wanted: limits.brownOutWait)
  }

  /// Refuses a request that would wait longer than it can, with the time after which it may try again.
  ///
  /// - Throws: `Refusal` of `queueFull`.
  func checkWait(_ request: Request) throws(Refusal) {
    let most =
      request.deadline.map { min($0 - clock(), limits.queueWaitMax) } ?? limits.queueWaitMax
    let seconds = backlog { lane, sequence in
      guard limits.brownOutWait != nil, sequence.request.task.obeysEffort,
        let curve = lane.curve(for: sequence.request.task)
      else { return 1 }
      return curve.point(at: min(sequence.request.effortMin, sequence.request.effort)).share
    }
    let over = seconds - most / .seconds(1)
    guard over > 0 else { return }
    var refusal = Refusal(
      .queueFull,
      "\(Int(1000 * seconds)) ms of work wait, and this request can wait \(Int(most / .milliseconds(1))) ms; "
        + "try again in \(Int((1000 * over).rounded(.up))) ms"
    )
    refusal.retryAfter = .milliseconds(Int64((1000 * over).rounded(.up)))
    throw refusal
  }
}

extension Sequence {
  /// What the whole model would spend on its next answer.
  ///
  /// Not on all that it waits for: steps are fair, so that what one client has lined up keeps nobody else waiting.
  func nextMACs(_ cost: Cost) -> Int {
    if let text = texts.first { return text.tokens.count * cost.row(positions: text.tokens.count) }
    guard position < tokens.count else { return 0 }
    // A prompt is read as a whole before its first answer.
    let rows = promptCount.map { max(1, $0 - position) } ?? 1
    return cost.causalRows(start: position, count: rows)
  }
}
