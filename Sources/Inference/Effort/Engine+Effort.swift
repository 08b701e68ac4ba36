import Models

// What a request may spend: one of an effort, settings by themselves, a budget or a deadline, turned into a point of the model's
// curve, and turned again whenever the next text or token begins.

extension Engine {
  /// Takes settings that a request names by itself, and refuses what the model has not or the budget never pays for.
  ///
  /// - Throws: `Refusal` that names the setting and what there is.
  func checkSettings(of sequence: Sequence) throws(Refusal) {
    let lane = lanes[sequence.lane]
    let explicit = sequence.request.task.explicit
    if explicit.tau != nil, lane.frugal?.experts == nil {
      throw Refusal(.badSetting, "tau picks experts, and \(lane.name) has none")
    }
    let exits = lane.exitLayers
    if explicit.threshold != nil || explicit.firstExit != nil, exits.isEmpty {
      throw Refusal(
        .badSetting,
        "threshold and first_exit go with exits, and \(lane.name) has none"
      )
    }
    if let first = explicit.firstExit, !exits.contains(first) {
      throw Refusal(
        .badSetting,
        "first_exit is none of \(lane.name)'s exits, after layers \(exits)"
      )
    }
    guard let most = sequence.request.macsMax else { return }
    let least = lane.leastMACs(for: sequence.request.task)
    guard most >= least else { throw Self.tooSmall(most, least: least) }
  }

  static func tooSmall(_ most: Int, least: Int) -> Refusal {
    var refusal = Refusal(
      .budgetTooSmall,
      "a budget of \(most) multiply-accumulates pays for no answer; the least that does is \(least)"
    )
    refusal.leastMACs = least
    return refusal
  }

  /// The setting that the next text or token of a request runs with.
  ///
  /// - Parameters:
  ///   - sequence: the request.
  ///   - dense: what the whole model spends on the text or token.
  ///   - left: how many of them its budget is for, this one included.
  ///   - beside: what others in the same step are expected to spend.
  ///   - later: what the whole model spends on what else of the request is there and comes in later steps, by its deadline.
  /// - Returns: a point of the curve, or what the request named by itself; nil runs everything.
  func setting(
    of sequence: Sequence,
    dense: Int,
    left: Int = 1,
    beside: Double = 0,
    later: Double = 0
  ) -> EffortCurve.Point? {
    let (lane, request) = (lanes[sequence.lane], sequence.request)
    let explicit = request.task.explicit
    if !explicit.isEmpty {
      let first = explicit.firstExit.flatMap { lane.exitLayers.firstIndex(of: $0) } ?? 0
      // Named without a threshold, the first exit takes all.
      let threshold = explicit.threshold ?? (explicit.firstExit == nil ? nil : 0)
      return EffortCurve.Point(
        tau: explicit.tau,
        threshold: threshold,
        first: first,
        accuracy: 0,
        agreement: 0,
        share: 1
      )
    }
    // A check is the whole model, whatever the load.
    guard sequence.rail == nil, request.task.obeysEffort, let curve = lane.curve(for: request.task)
    else { return nil }
    let floor = max(min(request.effortMin, request.effort), lane.rail.floor)
    var point = curve.point(at: max(min(request.effort, brownOut.effortCap), floor))
    if let most = request.macsMax {
      let own = (most - sequence.bill.work.macsTotal) / max(1, left)
      point = Self.cheaper(point, of: curve) { Double(dense) * $0.share <= Double(own) }
    }
    if request.hurries, let deadline = request.deadline {
      // Half of what is left: the answer has a way to go, and steps are not alike.
      let time = (deadline - clock()) / .seconds(2)
      point = Self.cheaper(point, of: curve) { point in
        let macs = (Double(dense) + later) * point.share + beside
        let seconds = lane.stepCost.seconds(forMACs: Int(macs))
        return seconds.map { $0 <= time } ?? true
      }
    }
    let given = curve.effort(of: point)
    sequence.bill.effortGiven = min(sequence.bill.effortGiven, given)
    return point.tau == nil && point.threshold == nil ? nil : point
  }

  /// The best point up to `point` that fits; the cheapest if none does.
  private static func cheaper(
    _ point: EffortCurve.Point,
    of curve: EffortCurve,
    fits: (EffortCurve.Point) -> Bool
  ) -> EffortCurve.Point {
    if fits(point) { return point }
    let below = curve.points.filter { $0.share <= point.share }
    return below.last(where: fits) ?? curve.points[0]
  }

  /// What effort a request with settings of its own came to: where the work it took lies on the curve.
  func measureEffort(of sequence: Sequence) {
    let work = sequence.bill.work
    guard work.macsDense > 0, let curve = lanes[sequence.lane].curve(for: sequence.request.task)
    else { return }
    let share = Double(work.macsTotal) / Double(work.macsDense)
    sequence.bill.effortGiven = curve.effort(ofShare: share)
  }

  /// The rule that the next tokens of a language model's stream leave by.
  func settleRule(of sequence: Sequence) {
    guard let stream = sequence.stream, let exits = lanes[sequence.lane].frugal?.tokens else {
      return
    }
    let cost = lanes[sequence.lane].cost
    let dense = cost.row(positions: sequence.position + 1) + (exits.heads.last?.cost ?? 0)
    // Not what has come by now: that hangs on the client's haste and on who else is there.
    let left = stream.parameters.tokensMax - sequence.position
    let later = Double(dense * max(0, sequence.tokens.count - sequence.position - 1))
    let point = setting(of: sequence, dense: dense, left: left, later: later)
    stream.setting = point
    stream.rule =
      point.flatMap { point in
        point.threshold.map { ExitRule(threshold: $0, first: point.first) }
      } ?? .fullDepth(exits: exits.count)
  }
}

extension Lane {
  /// Layers that exits stand after; a language model's last one included.
  var exitLayers: [Int] { frugal?.tokens?.layers ?? frugal?.exits?.layers ?? [] }

  /// What effort buys for a task.
  func curve(for task: Request.Task) -> EffortCurve? {
    guard let exits = frugal?.tokens else { return frugal?.effort }
    guard case .classifyStream(let parameters) = task else { return nil }
    return curves[exits.policy(asked: parameters.policy)]
  }

  /// The least that any answer to a task costs, for the shortest input there is.
  func leastMACs(for task: Request.Task) -> Int {
    switch task {
    case .tokenize: return 0
    case .generate, .predict: return cost.row(positions: 1) + cost.head
    case .embed, .classify: return leastMACs(rows: windowOverhead + 1, task)
    case .classifyStream:
      guard let exits = frugal?.tokens else { return leastMACs(rows: windowOverhead + 1, task) }
      return leastMACs(position: 0, exits)
    }
  }

  /// The least that an answer about a text costs: up to the first exit, or to the end.
  func leastMACs(rows: Int, _ task: Request.Task) -> Int {
    if case .embed = task { return rows * cost.row(positions: rows) }
    guard let exits = frugal?.exits else { return rows * cost.row(positions: rows) + cost.head }
    let layer = cost.attention(positions: rows) + cost.experts
    return rows * exits.layers[0] * layer + exits.cost(at: 0)
  }

  /// The least that a token of a language model's stream costs: up to the first exit.
  func leastMACs(position: Int, _ exits: TokenExits) -> Int {
    exits.layers[0] * (cost.attention(positions: position + 1) + cost.experts)
      + exits.cost(at: 0, isAsked: true)
  }
}

extension Request.Task {
  /// Settings that it names by itself.
  var explicit: ExplicitSetting {
    switch self {
    case .classify(let parameters): parameters.explicit
    case .classifyStream(let parameters): parameters.explicit
    case .generate, .predict, .embed, .tokenize: ExplicitSetting()
    }
  }

  /// Whether it takes no step of any model.
  var isFree: Bool { if case .tokenize = self { true } else { false } }

  /// Whether an effort below 1 makes a difference to it.
  var obeysEffort: Bool {
    switch self {
    case .classify, .classifyStream: true
    case .generate, .predict, .embed, .tokenize: false
    }
  }

  /// Tokens that a streamed input may have, for which memory is kept; nil for input that is read as a whole.
  var streamedMax: Int? {
    switch self {
    case .predict(let parameters): parameters.tokensMax
    case .classifyStream(let parameters): parameters.tokensMax
    case .generate, .embed, .classify, .tokenize: nil
    }
  }
}
