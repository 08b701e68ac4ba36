import Models

/// How well answers that were spared work agree with the whole model, measured in idle time on a small share of them.
///
/// Efforts are told apart by tenths. Where agreement falls further below the curve's than allowed, over enough answers to
/// mean it, effort is raised to the next setting of the curve.
struct SafetyRail: Sendable {
  /// Answers that are computed again of one tenth of effort before it is judged.
  static let judgedFrom = 50
  /// What is kept for idle time at most; newer answers take the place of older ones.
  static let waitingMax = 16

  /// One answer that will be computed again.
  struct Case: Sendable {
    let tokens: [Int32]
    let types: [Int32]
    let label: String
    let effort: Double
    /// What the curve says of its setting.
    let expected: Double
    /// Whether it was a stream's last verdict.
    let isStream: Bool
    /// Whether it is computed again as a whole stream, and not as one text.
    let isWholeStream: Bool
  }

  private(set) var waiting: [Case] = []
  /// By tenths of effort.
  private(set) var tallies = [Tally](repeating: Tally(), count: 10)
  /// Efforts below this are raised to it.
  private(set) var floor = 0.0
  private var sinceLast = 0

  /// What was computed again at some effort.
  struct Tally: Sendable, Equatable {
    var count = 0
    var agreeing = 0
    /// Sum of what the curve says of each.
    var expected = 0.0
  }

  /// Whether the next answer that was spared work is one of the share that is computed again.
  mutating func takesNext(perMille: Int) -> Bool {
    guard perMille > 0 else { return false }
    sinceLast += perMille
    guard sinceLast >= 1000 else { return false }
    sinceLast -= 1000
    return true
  }

  mutating func keep(_ new: Case) {
    if waiting.count == Self.waitingMax { waiting.removeFirst() }
    waiting.append(new)
  }

  mutating func next() -> Case? { waiting.isEmpty ? nil : waiting.removeFirst() }

  /// Notes what the whole model said.
  ///
  /// - Parameters:
  ///   - old: the answer that was spared work.
  ///   - label: what the whole model says.
  ///   - driftMax: how far agreement may fall below the curve's.
  ///   - next: the effort that buys the next setting of the curve.
  /// - Returns: the new floor, if effort is raised.
  mutating func note(_ old: Case, dense label: String, driftMax: Double, next: Double) -> Double? {
    let tenth = min(9, max(0, Int(old.effort * 10)))
    tallies[tenth].count += 1
    tallies[tenth].agreeing += label == old.label ? 1 : 0
    tallies[tenth].expected += old.expected
    let tally = tallies[tenth]
    guard tally.count >= Self.judgedFrom else { return nil }
    let (found, expected) = (Double(tally.agreeing), tally.expected)
    guard (expected - found) / Double(tally.count) > driftMax else { return nil }
    // A tenth that was judged begins anew: what comes now is judged by itself.
    tallies[tenth] = Tally()
    guard next > floor else { return nil }
    floor = next
    return next
  }
}
