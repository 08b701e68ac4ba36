import Models

// When places and pages are expected to be free: from what running requests have left and the pace of turns.

extension Engine {
  /// When running requests are expected to end, the next one first; none before anything was measured.
  ///
  /// Each gets an equal share of the engine until it ends. Requests whose end hangs on their clients are not among them.
  private func expectedEnds() -> [(sequence: Sequence, seconds: Double)] {
    guard let rate = pace.secondsPerMAC, rate > 0 else { return [] }
    var ends: [(sequence: Sequence, seconds: Double)] = []
    for lane in lanes {
      for sequence in lane.running where sequence.rail == nil {
        guard let macs = lane.macsLeft(of: sequence) else { continue }
        ends.append((sequence, rate * Double(macs) * leastShare(lane, sequence)))
      }
    }
    ends.sort { ($0.seconds, $0.sequence.id) < ($1.seconds, $1.sequence.id) }
    var (done, last) = (0.0, 0.0)
    for index in ends.indices {
      // By the time that one has had its work, all others have had as much.
      done += Double(ends.count - index) * (ends[index].seconds - last)
      last = ends[index].seconds
      ends[index].seconds = done
    }
    return ends
  }

  /// Takes note of an answer that ended by itself.
  mutating func learnLength(of sequence: Sequence) {
    let lane = sequence.lane
    guard let most = lanes[lane].answerMax(of: sequence) else { return }
    lanes[lane].answers.learn(tokens: sequence.bill.work.tokensOut, of: most)
  }

  /// When the next of the open requests is expected to end; nil if nobody can tell.
  ///
  /// A crowd that is refused in one turn asks this once, not every time of all who are open.
  mutating func nextEnd() -> Duration? {
    if let known = nextEndOfTurn { return known }
    let found = expectedEnds().first.flatMap { Duration.waiting(seconds: $0.seconds) }
    nextEndOfTurn = .some(found)
    return found
  }

  /// How long it takes at least until a request that waits for pages has them; nil if nobody can tell.
  ///
  /// Those who wait before it take theirs first. Requests whose end hangs on their clients may end at any time, so that
  /// their pages count as free; and who comes after those that run now takes time of its own, which is not counted.
  func pageWait(of sequence: Sequence) -> Duration? {
    let lane = lanes[sequence.lane]
    guard let pool = lane.pool else { return nil }
    var missing = sequence.pagesWanted + pool.used - pool.count
    for other in fairness.order(lane.waiting) {
      if other === sequence { break }
      missing += other.pagesWanted
    }
    let ends = expectedEnds().filter { $0.sequence.lane == sequence.lane }
    let known = Set(ends.map(\.sequence.id))
    for other in lane.running where !known.contains(other.id) { missing -= other.pages.count }
    guard missing > 0 else { return nil }
    var last: Double?
    for (other, seconds) in ends {
      missing -= other.pages.count
      last = seconds
      if missing <= 0 { break }
    }
    return last.flatMap { .waiting(seconds: $0) }
  }

  /// Refuses a request that waits for pages if there is no place for it, or none in time.
  ///
  /// - Throws: `Refusal` of `queueFull`, with the time after which it may try again, if that is known.
  func checkPageWait(of sequence: Sequence) throws(Refusal) {
    let lane = lanes[sequence.lane]
    if lane.waiting.count > limits.queueCountMax {
      var refusal = Refusal(
        .queueFull,
        "\(limits.queueCountMax) requests wait for \(lane.name); try later"
      )
      refusal.retryAfter = fairness.order(lane.waiting).first.flatMap { pageWait(of: $0) }
      throw refusal
    }
    guard let wait = pageWait(of: sequence) else { return }
    try checkPatience(of: sequence.request, for: wait) {
      "its pages of keys and values are expected to be free in \($0) ms"
    }
  }
}

extension Duration {
  /// A wait that is told in whole milliseconds; nil for none.
  static func waiting(seconds: Double) -> Duration? {
    guard seconds > 0 else { return nil }
    return .milliseconds(Int64(min(1e12, (1000 * seconds).rounded(.up))))
  }
}

extension Lane {
  /// Tokens that the answer to a whole prompt may have; nil for other requests.
  fileprivate func answerMax(of sequence: Sequence) -> Int? {
    guard case .generate(let parameters) = sequence.request.task, let prompt = sequence.promptCount
    else { return nil }
    return min(parameters.tokensMax, positionsMax - prompt)
  }

  /// What the whole model would spend on a running request until its end, as far as can be expected; nil if that hangs on
  /// its client, or on how long answers get and none has ended yet.
  fileprivate func macsLeft(of sequence: Sequence) -> Int? {
    guard sequence.inputClosed, sequence.slots > 0 else { return nil }
    let macs: Int
    if let prompt = sequence.promptCount {
      guard let most = answerMax(of: sequence) else { return nil }
      let produced = sequence.bill.work.tokensOut
      guard let answers = answers.left(of: most, after: produced) else { return nil }
      // The last token of an answer is not read.
      let rows = max(1, prompt + produced + answers - 1 - sequence.position)
      macs = cost.causalRows(start: sequence.position, count: rows) + answers * cost.head
    } else {
      let unread = sequence.tokens.count - sequence.position
      macs =
        windowFrame == nil
        ? cost.causalRows(start: sequence.position, count: unread)
          + (sequence.stream == nil ? unread * cost.head : 0)
        : sequence.texts.reduce(0) { $0 + $1.tokens.count * cost.row(positions: $1.tokens.count) }
          + windowMACs(of: sequence, unread: unread)
    }
    return min(macs, sequence.request.macsMax.map { $0 - sequence.bill.work.macsTotal } ?? macs)
  }

  /// What windows of an encoder's stream cost that are not lined up yet.
  private func windowMACs(of sequence: Sequence, unread: Int) -> Int {
    guard let stream = sequence.stream else { return 0 }
    let window = stream.parameters.window ?? min(64, positionsMax)
    return (unread + stream.parameters.stride - 1) / stream.parameters.stride * window
      * cost.row(positions: window)
  }
}
