import Models

// Overload: what waits is priced, effort is lowered for it, and who would wait too long is told so at once.

extension Engine {
  /// Seconds that everybody's next answer takes at a share of the whole model's work, and the longest of them; 0 before
  /// anything was measured.
  private func backlog(share: (Lane, Sequence) -> Double) -> (all: Double, longest: Double) {
    var (all, longest) = (0.0, 0.0)
    guard let rate = pace.secondsPerMAC else { return (0, 0) }
    for lane in lanes {
      for sequences in [lane.running, lane.waiting] {
        for sequence in sequences where sequence.rail == nil {
          let own = rate * Double(sequence.nextMACs(lane.cost)) * share(lane, sequence)
          all += own
          longest = max(longest, own)
        }
      }
    }
    return (all, longest)
  }

  /// Sets how much effort there is for everybody: by what others have to wait for, which a lone request has not.
  mutating func weighLoad() {
    guard limits.brownOutWait != nil else { return }
    let load = backlog { _, _ in 1 }
    brownOut.weigh(seconds: load.all - load.longest, wanted: limits.brownOutWait)
  }

  /// Refuses a request that would wait longer than it can, with the time after which it may try again.
  ///
  /// - Throws: `Refusal` of `queueFull`.
  func checkWait(_ request: Request) throws(Refusal) {
    let seconds = backlog(share: leastShare).all
    try checkPatience(of: request, for: .seconds(seconds)) { "\($0) ms of work wait" }
  }

  /// What is left of the whole model's work on a request when load has lowered its effort as far as it may.
  ///
  /// Asked of everybody who waits for every request that comes, so it is found anew only when checks have raised the least effort.
  func leastShare(_ lane: Lane, _ sequence: Sequence) -> Double {
    if let known = sequence.leastShare, known.floor == lane.rail.floor { return known.share }
    let found = leastShare(of: sequence.request, lane)
    sequence.leastShare = (lane.rail.floor, found)
    return found
  }

  private func leastShare(of request: Request, _ lane: Lane) -> Double {
    // Settings by themselves stay, whatever the load.
    guard limits.brownOutWait != nil, request.task.obeysEffort, request.task.explicit.isEmpty,
      let curve = lane.curve(for: request.task)
    else { return 1 }
    let least = min(request.effortMin, request.effort)
    return curve.point(at: max(least, lane.rail.floor)).share
  }

  /// Refuses a request that would wait longer than it can: until its deadline, or as long as anybody may.
  ///
  /// - Parameters:
  ///   - request: which.
  ///   - wait: how long it would wait.
  ///   - reason: says of so many milliseconds what is waited for.
  /// - Throws: `Refusal` of `queueFull`, with the time after which it may try again: by how much the wait is longer.
  func checkPatience(of request: Request, for wait: Duration, reason: (Int) -> String)
    throws(Refusal)
  {
    let most =
      request.deadline.map { min($0 - clock(), limits.queueWaitMax) } ?? limits.queueWaitMax
    guard wait > most else { return }
    let over = Int(((wait - most) / .milliseconds(1)).rounded(.up))
    var refusal = Refusal(
      .queueFull,
      "\(reason(Int(wait / .milliseconds(1)))), and this request can wait \(Int(most / .milliseconds(1))) ms; "
        + "try again in \(over) ms"
    )
    refusal.retryAfter = .milliseconds(over)
    throw refusal
  }
}

extension Sequence {
  /// What the whole model would spend on its next answer.
  ///
  /// Not on all that it waits for: steps are fair, so that what one client has lined up keeps nobody else waiting.
  func nextMACs(_ cost: Cost) -> Int {
    // Who waits for its reader keeps nobody waiting.
    guard slots > 0 else { return 0 }
    if let text = texts.first { return text.tokens.count * cost.row(positions: text.tokens.count) }
    guard position < tokens.count else { return 0 }
    // A prompt is read as a whole before its first answer.
    let rows = promptCount.map { max(1, $0 - position) } ?? 1
    return cost.causalRows(start: position, count: rows)
  }
}
