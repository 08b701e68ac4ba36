import Inference
import Models
import Support
import Testing

/// An encoder whose rows pick experts and whose texts leave when they are sure, as far as effort allows.
struct EffortTests {
  private static let classify = Request.Task.classify(EncodeParameters())

  private func text(_ count: Int, seed: UInt64) -> [Int32] {
    var random = SplitMix64(seed: seed)
    return randomTokens(count, using: &random).map { $0 % 80 }
  }

  /// One text, classified alone.
  private func classified(
    _ bench: Workbench,
    _ tokens: [Int32],
    effort: Double,
    limits: EngineLimits = EngineLimits()
  ) throws -> (labels: [LabelScore], bill: Bill) {
    var engine = bench.engine(limits)
    let request = Request.test(1, Self.classify, on: Workbench.encoder, effort: effort)
    bench.run(&engine, whole(request, .tokens(tokens)))
    #expect(engine.booksBalance)
    let found = bench.of(request.id).compactMap { emission -> [LabelScore]? in
      if case .labels(_, _, let labels) = emission { labels } else { nil }
    }
    let ending = try #require(bench.ending(request.id))
    #expect(ending.outcome == .finished(.complete))
    return (try #require(found.first), ending.bill)
  }

  private func parts(_ bench: Workbench) throws -> FrugalParts {
    try #require(bench.models[1].checkpoint.frugal)
  }

  @Test(arguments: WeightChoice.allCases)
  func theWholeEffortIsTheDenseModelBitForBit(_ choice: WeightChoice) throws {
    let bench = try Workbench(weights: choice)
    var checkpoint = bench.models[1].checkpoint
    checkpoint.frugal = nil
    let dense = try ServedModel(name: Workbench.encoder, checkpoint: checkpoint, weights: choice)
    var engine = Engine(models: [dense], clock: { .zero })
    let tokens = text(23, seed: 5)
    let request = Request.test(1, Self.classify, on: Workbench.encoder, effort: 0.1)
    var emissions = engine.turn(whole(request, .tokens(tokens)))
    while engine.hasWork { emissions += engine.turn([]) }
    let wanted = emissions.compactMap { emission -> [LabelScore]? in
      if case .labels(_, _, let labels) = emission { labels } else { nil }
    }
    let own = try classified(bench, tokens, effort: 1)
    #expect(own.labels == wanted.first)
    #expect(own.bill.work[.routers] == 0 && own.bill.work[.exits] == 0)
    #expect(own.bill.work.macsDense == own.bill.work.macsTotal)
    #expect(own.bill.effortGiven == 1)
    for case .ended(_, _, let bill) in emissions {
      #expect(bill.work == own.bill.work)
      #expect(bill.effortGiven == 1, "nothing was learned, so nothing is spared")
    }
  }

  /// Every part of the bill from its histograms, by the shapes alone.
  @Test func theBillIsWhatTheRowsWentThrough() throws {
    let bench = try Workbench()
    let frugal = try parts(bench)
    let (experts, exits) = (try #require(frugal.experts), try #require(frugal.exits))
    guard case .bert(let configuration, _) = bench.models[1].checkpoint.family else {
      Issue.record("the bench's encoder is no BERT")
      return
    }
    let cost = Cost(configuration)
    var (left, skipped) = (0, 0)
    for (effort, point) in TinyFrugal.efforts(try #require(frugal.effort)) {
      for seed in 1 ... 6 {
        let tokens = text(5 + 3 * seed, seed: UInt64(seed))
        let (_, bill) = try classified(bench, tokens, effort: effort)
        let (work, rows) = (bill.work, tokens.count)
        #expect(abs(bill.effortGiven - effort) < 1e-9)
        let layers = try #require(work.layersHistogram.lastIndex { $0 > 0 })
        #expect(work.layersHistogram.reduce(0, +) == rows && work.layersHistogram[layers] == rows)
        if point.threshold == nil || point.threshold == 1 { #expect(layers == cost.layers) }
        if point.threshold == 0 { #expect(layers == exits.layers[0]) }
        if layers < cost.layers { left += 1 }
        let asked = point.threshold == nil ? [] : exits.layers.filter { $0 <= layers }
        let heads = asked.indices.reduce(0) { $0 + exits.cost(at: $1) }
        #expect(work[.exits] == heads)
        #expect(work[.head] == (layers == cost.layers ? cost.head : 0))
        #expect(work[.attention] == layers * rows * cost.attention(positions: rows))
        let pairs = work.expertsHistogram.enumerated().reduce(0) { $0 + $1.offset * $1.element }
        #expect(work.expertsRun == pairs)
        #expect(work.expertsHistogram.reduce(0, +) == layers * rows)
        if point.tau == nil {
          #expect(work[.experts] == layers * rows * cost.experts && work[.routers] == 0)
          #expect(pairs == layers * rows)
        } else {
          #expect(work[.experts] == pairs * (cost.experts / experts.count))
          #expect(work[.routers] == layers * rows * experts.routers[0].cost)
          if pairs < layers * rows * experts.count { skipped += 1 }
        }
        #expect(work.macsDense == rows * cost.row(positions: rows) + cost.head)
      }
    }
    #expect(left > 5 && skipped > 5, "\(left) left early, \(skipped) skipped experts")
  }

  /// τ = 0 runs all experts, and T = 1 lets nobody leave: the dense answer, and the routers' and exits' cost.
  @Test(arguments: WeightChoice.allCases)
  func whatSparesNothingGivesTheDenseAnswer(_ choice: WeightChoice) throws {
    let bench = try Workbench(weights: choice)
    let curve = try #require(try parts(bench).effort)
    let point = try #require(curve.points.first { $0.tau == 0 && $0.threshold == 1 })
    for seed in 1 ... 4 {
      let tokens = text(9 * seed, seed: UInt64(seed))
      let dense = try classified(bench, tokens, effort: 1)
      let all = try classified(bench, tokens, effort: curve.effort(of: point))
      #expect(all.labels == dense.labels)
      #expect(all.bill.work[.experts] == dense.bill.work[.experts])
      #expect(all.bill.work[.routers] > 0 && all.bill.work[.exits] > 0)
    }
  }

  /// Texts of one request leave at different layers, and are told in the order in which they came.
  @Test func textsLeaveOneByOneAndAreToldInOrder() throws {
    let bench = try Workbench()
    let curve = try #require(try parts(bench).effort)
    let effort = curve.effort(of: try #require(curve.points.first { $0.threshold == 0.6 }))
    var parameters = EncodeParameters()
    parameters.eachPiece = true
    let request = Request.test(
      1,
      .classify(parameters),
      on: Workbench.encoder,
      effort: effort
    )
    let texts = (1 ... 20).map { text(2 + $0 % 9, seed: UInt64($0)) }
    var engine = bench.engine()
    bench.run(
      &engine,
      [.open(request)] + texts.map { .input(request.id, .tokens($0), weight: 1) }
        + [.endOfInput(request.id)]
    )
    let indices = bench.of(request.id).compactMap { emission -> Int? in
      if case .labels(_, let index, _) = emission { index } else { nil }
    }
    #expect(indices == Array(0 ..< 20))
    #expect(engine.booksBalance)
    let bill = try #require(bench.ending(request.id)).bill
    #expect(bill.work.layersHistogram.count { $0 > 0 } > 1, "\(bill.work.layersHistogram)")
    // Each alone gives the same, and all of them together the same bill.
    var sum = Work()
    for (index, tokens) in texts.enumerated() {
      let answers = bench.of(request.id).compactMap { emission -> [LabelScore]? in
        if case .labels(_, index, let labels) = emission { labels } else { nil }
      }
      let alone = try Workbench()
      let own = try classified(alone, tokens, effort: effort)
      #expect(answers == [own.labels])
      sum.add(own.bill.work)
    }
    #expect(sum == bill.work)
  }

  /// However many workers take texts of a step through its layers, and whatever effort each has.
  @Test(arguments: [2, 3, 4])
  func workersShareTexts(count: Int) throws {
    let bench = try Workbench()
    func answers(workers: Int) throws -> [(labels: [LabelScore]?, bill: Bill)] {
      var limits = EngineLimits()
      limits.workers = workers
      limits.pinsWorkers = false
      limits.railPerMille = 0
      var engine = bench.engine(limits)
      let requests = (1 ... 24 as ClosedRange<UInt64>).map { number in
        Request.test(
          number,
          Self.classify,
          on: Workbench.encoder,
          effort: [0, 0.3, 0.6, 1][Int(number) % 4]
        )
      }
      bench.run(
        &engine,
        requests.flatMap {
          whole($0, .tokens(text(5 + Int($0.id.number) % 26, seed: $0.id.number)))
        }
      )
      #expect(engine.booksBalance)
      return try requests.map { request in
        let found = bench.of(request.id).compactMap { emission -> [LabelScore]? in
          if case .labels(_, _, let labels) = emission { labels } else { nil }
        }
        return (found.first, try #require(bench.ending(request.id)).bill)
      }
    }
    let (alone, shared) = (try answers(workers: 1), try answers(workers: count))
    for (one, other) in zip(alone, shared) {
      #expect(one.labels != nil && one.labels == other.labels)
      #expect(one.bill.work == other.bill.work)
    }
    #expect(alone.contains { $0.bill.work[.routers] > 0 })
  }

  @Test func embeddingIsNeverFrugal() throws {
    let bench = try Workbench()
    var engine = bench.engine()
    let request = Request.test(1, .embed(EncodeParameters()), on: Workbench.encoder, effort: 0)
    bench.run(&engine, whole(request, .tokens(text(7, seed: 1))))
    let bill = try #require(bench.ending(request.id)).bill
    #expect(bill.effortGiven == 1 && bill.work.macsDense == bill.work.macsTotal)
  }

  @Test func expertsThatAreNoTilesAreRefusedByName() throws {
    let bench = try Workbench()
    var checkpoint = bench.models[1].checkpoint
    let routers = try #require(checkpoint.frugal?.experts).routers
    checkpoint.frugal?.experts = RoutedExperts(size: 8, routers: routers)
    #expect {
      try ServedModel(name: "x", checkpoint: checkpoint)
    } throws: { "\($0)".contains("experts of 8 neurons") }
  }
}
