import Models

// Answers that were spared work, computed again by the whole model when nobody waits.

extension Engine {
  /// Requests of the rail have numbers that no client's has.
  static let railNumbersFrom: UInt64 = 1 << 63

  /// Keeps a text's answer for idle time, if it is one of the share that is checked.
  mutating func watchOver(_ entry: EncoderPassage) {
    // An answer that was forced is worse than the curve says of its setting, which is nobody's drift.
    guard entry.sequence.rail == nil, entry.wasSpared, !entry.isForced, let label = entry.label,
      let setting = entry.setting, setting.share < 1
    else { return }
    keep(entry.sequence, setting, entry.text.tokens, entry.text.types, label)
  }

  /// Keeps a stream's last verdict, if its tokens left early.
  mutating func watchOver(_ sequence: Sequence) {
    guard sequence.rail == nil, lanes[sequence.lane].pool != nil, let stream = sequence.stream,
      sequence.bill.work.macsTotal < sequence.bill.work.macsDense,
      !stream.lastSaid.isForced, let label = stream.lastSaid.label, let setting = stream.setting,
      setting.share < 1
    else { return }
    // Up to the token that it is about: others may have come, and never run.
    keep(sequence, setting, Array(sequence.tokens[...stream.lastSaid.position]), [], label)
  }

  private mutating func keep(
    _ sequence: Sequence,
    _ setting: EffortCurve.Point,
    _ tokens: [Int32],
    _ types: [Int32],
    _ label: String
  ) {
    let index = sequence.lane
    guard let curve = lanes[index].curve(for: sequence.request.task),
      lanes[index].rail.takesNext(perMille: limits.railPerMille)
    else { return }
    lanes[index].rail.keep(
      SafetyRail.Case(
        tokens: tokens,
        types: types,
        label: label,
        effort: curve.effort(of: setting),
        expected: setting.agreement,
        isStream: sequence.stream != nil,
        isWholeStream: types.isEmpty
      )
    )
  }

  /// Whether answers wait to be checked.
  var hasChecks: Bool { lanes.contains { !$0.rail.waiting.isEmpty } }

  /// Whether one may begin: who has rows or waits for pages comes first, and a check is one of the requests that may be open.
  var canCheck: Bool {
    hasChecks && sequences.count < limits.sequencesMax
      && lanes.allSatisfy { !$0.hasRows && $0.waiting.isEmpty }
  }

  /// Begins the next check if there is nothing else to do.
  mutating func checkWhenIdle() {
    guard canCheck else { return }
    for index in lanes.indices {
      guard let next = lanes[index].rail.next() else { continue }
      begin(next, lane: index)
      return
    }
  }

  private mutating func begin(_ check: SafetyRail.Case, lane index: Int) {
    railNumber += 1
    let parameters = StreamParameters()
    let task: Request.Task =
      check.isWholeStream ? .classifyStream(parameters) : .classify(EncodeParameters())
    let request = Request(
      id: SequenceID(Self.railNumbersFrom + railNumber),
      tenant: "",
      model: lanes[index].name,
      task: task,
      arrived: clock()
    )
    let sequence = Sequence(request, lane: index, intake: lanes[index].intake(for: task))
    sequence.rail = check
    sequence.inputClosed = true
    if check.isWholeStream {
      sequence.stream = TokenStream(
        parameters,
        isBudgeted: false,
        labels: lanes[index].labels,
        exits: lanes[index].frugal?.tokens,
        tokenizer: lanes[index].tokenizer
      )
      sequence.pagesWanted = lanes[index].pool?.pages(for: check.tokens.count) ?? 0
      // One that does not fit beside what clients hold is given up: it may wait for nothing.
      guard givePages(to: sequence) else { return }
    }
    sequences[request.id] = sequence
    fairness.enter(request.tenant)
    sequence.stage = .running
    lanes[index].running.append(sequence)
    if check.isWholeStream {
      take(check.tokens, sequence)
    } else {
      sequence.bill.work.tokensIn += check.tokens.count
      counters.tokensIn += check.tokens.count
      sequence.texts = [EncoderText(index: 0, tokens: check.tokens, types: check.types, weight: 0)]
    }
  }

  /// A check is over: agreement is noted, and the operator told what it cost.
  mutating func conclude(_ sequence: Sequence, _ check: SafetyRail.Case, _ outcome: Outcome) {
    var report = RailReport(
      model: lanes[sequence.lane].name,
      isStream: check.isStream,
      effort: check.effort,
      bill: sequence.bill
    )
    if case .finished = outcome, let label = sequence.railLabel {
      report.agrees = label == check.label
      report.raisedTo = lanes[sequence.lane].rail.note(
        check,
        dense: label,
        driftMax: limits.railDriftMax,
        next: lanes[sequence.lane].effort(above: check.effort, for: sequence.request.task)
      )
    }
    emissions.append(.checked(report))
  }
}

extension Lane {
  /// The effort that buys the next setting after the one that `effort` buys.
  fileprivate func effort(above effort: Double, for task: Request.Task) -> Double {
    guard let curve = curve(for: task) else { return 1 }
    return curve.points.map(curve.effort).first { $0 > effort + 1e-9 } ?? 1
  }
}
