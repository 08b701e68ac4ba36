import Models

// Overload: what waits is priced, effort is lowered for it, and who would wait too long is told so at once.

extension Engine {
  /// Seconds that all rows which wait now take at a share of the whole model's work; nil before anything was measured.
  func backlog(share: (Lane, Sequence) -> Double) -> Double {
    lanes.reduce(0) { sum, lane in
      guard let rate = lane.stepCost.secondsPerWork else { return sum }
      let macs = (lane.running + lane.waiting).reduce(0.0) { macs, sequence in
        macs + Double(sequence.pendingMACs(lane.cost)) * share(lane, sequence)
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
  /// What the whole model would spend on what has come and is not answered.
  func pendingMACs(_ cost: Cost) -> Int {
    let texts = texts.reduce(0) { $0 + $1.tokens.count * cost.row(positions: $1.tokens.count) }
    guard position < tokens.count, promptCount != nil || self.texts.isEmpty else { return texts }
    return texts + cost.causalRows(start: position, count: tokens.count - position)
  }
}
