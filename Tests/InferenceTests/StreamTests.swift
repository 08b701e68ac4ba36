import Inference
import Models
import Support
import Testing

/// A stream is classified token by token: every token, or only what was asked for.
struct StreamTests {
  private func tokens(_ count: Int, seed: UInt64, below: Int32 = 256) -> [Int32] {
    var random = SplitMix64(seed: seed)
    return randomTokens(count, using: &random).map { $0 % below }
  }

  private func run(
    _ bench: Workbench,
    _ parameters: StreamParameters,
    _ tokens: [Int32],
    on model: String = Workbench.language,
    effort: Double = 1,
    macsMax: Int? = nil,
    slots: Int = 64,
    limits: EngineLimits = EngineLimits()
  ) throws -> (verdicts: [Verdict], outcome: Outcome, bill: Bill) {
    var engine = bench.engine(limits)
    let request = Request.test(
      1,
      .classifyStream(parameters),
      on: model,
      effort: effort,
      macsMax: macsMax,
      slots: slots
    )
    bench.run(&engine, whole(request, .tokens(tokens)))
    #expect(engine.booksBalance && engine.load.sequences == 0 && engine.load.pagesUsed == 0)
    let ending = try #require(bench.ending(request.id))
    return (bench.verdicts(request.id), ending.outcome, ending.bill)
  }

  /// Verdicts of an encoder are those of Classify on the window.
  @Test(arguments: [(5, 1), (9, 1), (9, 4), (40, 3)])
  func windowsAreTextsOfTheirOwn(window: Int, stride: Int) throws {
    let bench = try Workbench()
    let frame = bench.models[1].tokenizer.encode([], addSpecial: true)
    let stream = tokens(23, seed: 4, below: 80)
    for effort in [0, 0.5, 1] {
      var parameters = StreamParameters()
      (parameters.window, parameters.stride) = (window, stride)
      let found = try run(bench, parameters, stream, on: Workbench.encoder, effort: effort)
      let due = stream.indices.filter { ($0 + 1).isMultiple(of: stride) || $0 == 22 }
      #expect(found.verdicts.map(\.position) == due)
      #expect(found.bill.work.tokensIn == stream.count && found.bill.work.tokensOut == due.count)
      var spent = 0
      for verdict in found.verdicts {
        let body = stream[...verdict.position].suffix(window - frame.count)
        let text = frame.dropLast() + body + frame.suffix(1)
        var engine = bench.engine()
        let classify = Request.Task.classify(EncodeParameters())
        let request = Request.test(2, classify, on: Workbench.encoder, effort: effort)
        bench.run(&engine, whole(request, .tokens(Array(text))))
        let labels = bench.of(request.id).compactMap { emission -> [LabelScore]? in
          if case .labels(_, _, let labels) = emission { labels } else { nil }
        }
        #expect(verdict.scores == labels.first)
        spent += try #require(bench.ending(request.id)).bill.work.macsTotal
        #expect(verdict.macs == spent)
      }
      #expect(found.bill.work.macsTotal == spent, "what is read anew is billed anew")
    }
  }

  @Test(arguments: [Workbench.language, Workbench.encoder], StreamPolicy.allCases)
  func aWatchTellsOnlyWhatItWaitsFor(model: String, policy: StreamPolicy) throws {
    let bench = try Workbench()
    let stream = tokens(60, seed: 9, below: 80)
    let label = model == Workbench.language ? "wet" : TinyFrugal.encoderLabel
    var parameters = StreamParameters()
    parameters.policy = policy
    let every = try run(bench, parameters, stream, on: model, effort: 0.4)
    let scores = every.verdicts.map { verdict in
      Double(verdict.scores.first { $0.label == label }?.score ?? 0)
    }
    let sorted = scores.sorted()
    let above = (sorted[scores.count / 2] + sorted[scores.count / 2 + 1]) / 2
    for count in 1 ... 3 {
      for ends in [false, true] {
        parameters.watch = .init(label: label, above: above, tokens: count, ends: ends)
        let found = try run(bench, parameters, stream, on: model, effort: 0.4)
        var (row, wanted) = (0, [Verdict]())
        for (verdict, score) in zip(every.verdicts, scores) {
          row = score > above ? row + 1 : 0
          if row == count { wanted.append(verdict) }
        }
        #expect(!wanted.isEmpty && wanted.count < stream.count)
        #expect(found.verdicts == (ends ? Array(wanted.prefix(1)) : wanted))
        #expect(found.outcome == .finished(ends ? .watched : .complete))
      }
    }
  }

  @Test(arguments: [Workbench.language, Workbench.encoder])
  func refinementCorrectsUpToTheWholeModel(model: String) throws {
    let bench = try Workbench()
    let stream = tokens(40, seed: 3, below: 80)
    var parameters = StreamParameters()
    parameters.explicit.threshold = 0
    let early = try run(bench, parameters, stream, on: model)
    let whole = try run(bench, StreamParameters(), stream, on: model)
    parameters.refines = true
    let found = try run(bench, parameters, stream, on: model)
    var corrected = 0
    for position in stream.indices {
      let own = found.verdicts.filter { $0.position == position }
      let layers = own.map(\.layer)
      #expect(layers == layers.sorted() && Set(layers).count == layers.count)
      let labels = own.map { $0.scores[0].label }
      #expect(labels.first == early.verdicts[position].scores[0].label)
      #expect(labels.last == whole.verdicts[position].scores[0].label)
      #expect(zip(labels, labels.dropFirst()).allSatisfy { $0 != $1 }, "what stays is not repeated")
      if own.count > 1 { corrected += 1 }
    }
    #expect(corrected > 0)
    #expect(found.bill.work.layersRun == whole.bill.work.layersRun)
  }

  /// A reader with one slot gets every token's verdict, and the last correction.
  @Test func aSlowReaderMissesNoToken() throws {
    let bench = try Workbench()
    var parameters = StreamParameters()
    parameters.explicit.threshold = 0
    parameters.refines = true
    let stream = tokens(30, seed: 3)
    let found = try run(bench, parameters, stream, slots: 1)
    #expect(Set(found.verdicts.map(\.position)) == Set(stream.indices))
  }

  @Test func effortOneIsTheModelAndItsLastHead() throws {
    let bench = try Workbench()
    let stream = tokens(40, seed: 5)
    for policy in StreamPolicy.allCases {
      var parameters = StreamParameters()
      parameters.policy = policy
      let found = try run(bench, parameters, stream)
      #expect(found.verdicts.allSatisfy { $0.layer == TinyModels.layers })
      #expect(found.bill.work[.exits] == 0 && found.bill.effortGiven == 1)
      #expect(found.bill.work.macsTotal == found.bill.work.macsDense)
    }
  }

  /// The heads say what a stream does that names no policy; one that names it has its own way, and its own curve.
  @Test func theHeadsPolicyIsTheDefaultAndTheRequestsWins() throws {
    let stream = tokens(40, seed: 5)
    func found(_ bench: Workbench, _ policy: StreamPolicy?) throws -> (bill: Work, given: Double) {
      var parameters = StreamParameters()
      parameters.policy = policy
      let bill = try run(bench, parameters, stream, effort: 0.4).bill
      return (bill.work, bill.effortGiven)
    }
    let plain = try Workbench()
    let (exact, cheap) = (try found(plain, .defer), try found(plain, .propagate))
    #expect(exact.bill != cheap.bill, "the policies tell themselves apart")
    #expect(try found(plain, nil) == exact, "heads that say nothing defer")
    for policy in StreamPolicy.allCases {
      let bench = try Workbench(policy: policy)
      #expect(try found(bench, nil) == (policy == .defer ? exact : cheap))
      #expect(try found(bench, .defer) == exact)
      #expect(try found(bench, .propagate) == cheap)
      let half = try Workbench(policy: policy, measured: [policy])
      #expect(try found(half, nil).given < 1, "the curve is that of the policy in force")
      let other: StreamPolicy = policy == .defer ? .propagate : .defer
      #expect(try found(half, other).given == 1, "without a curve everything runs")
    }
  }

  /// More tokens than may be parked: some are carried to the end, and nothing else changes.
  @Test(arguments: StreamPolicy.allCases)
  func longStreamsArePaidForOnTheWay(policy: StreamPolicy) throws {
    let bench = try Workbench()
    let stream = tokens(200, seed: 6)
    var limits = EngineLimits()
    limits.parkedRowsMax = 16
    var parameters = StreamParameters()
    parameters.policy = policy
    let low = try run(bench, parameters, stream, effort: 0, limits: limits)
    let free = try run(bench, parameters, stream, effort: 0)
    #expect(free.bill.work.macsTotal < low.bill.work.macsTotal, "what nobody asks for is not paid")
    #expect(free.verdicts.map(\.scores) == low.verdicts.map(\.scores))
    #expect(low.verdicts.map(\.position) == Array(stream.indices))
    #expect(low.verdicts.allSatisfy { $0.layer == 1 })
    var engine = bench.engine(limits)
    let request = Request.test(1, .classifyStream(parameters), effort: 0)
    bench.run(&engine, [.open(request)])
    for token in stream { bench.run(&engine, [.input(request.id, .tokens([token]), weight: 1)]) }
    bench.run(&engine, [.endOfInput(request.id)])
    let ending = try #require(bench.ending(request.id))
    for (one, all) in zip(bench.verdicts(request.id), low.verdicts) { #expect(one == all) }
    #expect(ending.bill.work == low.bill.work, "one by one, or all at once")
  }

  /// A budget that pays for everything changes nothing, however many tokens have left: what is parked is paid for too.
  @Test(arguments: StreamPolicy.allCases)
  func aRichBudgetIsNone(policy: StreamPolicy) throws {
    let bench = try Workbench()
    let stream = tokens(200, seed: 6)
    var limits = EngineLimits()
    limits.parkedRowsMax = 16
    for (threshold, first) in [(nil, 2), (0.42, nil), (0.5, nil), (0.6, 1)] as [(Double?, Int?)] {
      var parameters = StreamParameters()
      parameters.policy = policy
      parameters.explicit.threshold = threshold
      parameters.explicit.firstExit = first
      let free = try run(bench, parameters, stream, limits: limits)
      let rich = try run(bench, parameters, stream, macsMax: 1 << 50, limits: limits)
      #expect(rich.outcome == .finished(.complete))
      #expect(rich.verdicts.map(\.layer) == free.verdicts.map(\.layer), "\(parameters.explicit)")
      #expect(rich.verdicts.map(\.scores) == free.verdicts.map(\.scores))
      if first == nil { #expect(Set(free.verdicts.map(\.layer)).count > 1, "\(threshold ?? 0)") }
    }
  }

  @Test func wrongSettingsAreNamed() throws {
    let bench = try Workbench()
    var wrong: [(StreamParameters, String)] = []
    func add(_ text: String, _ change: (inout StreamParameters) -> Void) {
      var parameters = StreamParameters()
      change(&parameters)
      wrong.append((parameters, text))
    }
    add("has no label \"sleet\"; it has dry, wet, windy") {
      $0.watch = .init(label: "sleet", above: 0.5)
    }
    add("tau picks experts") { $0.explicit.tau = 0.5 }
    add("first_exit is none of") { $0.explicit.firstExit = 17 }
    for (parameters, text) in wrong {
      let found = try run(bench, parameters, tokens(3, seed: 1))
      guard case .refused(let refusal) = found.outcome else {
        Issue.record("\(text): \(found.outcome)")
        continue
      }
      #expect(refusal.code == .badSetting && refusal.text.contains(text), "\(refusal.text)")
    }
    for window in [2, 1000] {
      var parameters = StreamParameters()
      parameters.window = window
      let found = try run(bench, parameters, tokens(3, seed: 1), on: Workbench.encoder)
      guard case .refused(let refusal) = found.outcome else {
        Issue.record("a window of \(window): \(found.outcome)")
        continue
      }
      #expect(refusal.code == .badSetting && refusal.text.hasPrefix("window must be"))
    }
  }
}
