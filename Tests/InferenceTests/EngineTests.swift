import Inference
import Models
import Support
import Testing

/// Admission, ends and books: every request ends once, and the bills add up.
struct EngineTests {
  let bench: Workbench

  init() throws { bench = try Workbench() }

  private func expectEmpty(_ engine: Engine) {
    #expect(engine.booksBalance)
    #expect(engine.load.sequences == 0)
    #expect(engine.load.running == 0)
    #expect(engine.load.queued == 0)
    #expect(engine.load.pagesUsed == 0)
  }

  private func refusal(_ id: UInt64) -> Refusal.Code? {
    guard case .refused(let refusal) = bench.ending(SequenceID(id))?.outcome else { return nil }
    return refusal.code
  }

  private let prompt = Piece.tokens([1, 2, 3, 4, 5])

  @Test func theBillIsTheArithmeticOfShapes() throws {
    var engine = bench.engine()
    bench.run(&engine, whole(.test(1, endless(4)), prompt))
    let (outcome, bill) = try #require(bench.ending(SequenceID(1)))
    #expect(outcome == .finished(.length))
    // 5 prompt rows and 3 answer rows: the fourth token is never read.
    let shape = bench.llama.configuration
    let kv = shape.keyValueHeads * shape.headWidth
    let projections = 2 * shape.width * (shape.width + kv)
    let mixing = (1 ... 8).reduce(0, +) * 2 * shape.width
    #expect(bill.work[.attention] == shape.layers * (8 * projections + mixing))
    #expect(bill.work[.experts] == shape.layers * 8 * 3 * shape.width * shape.ffnWidth)
    #expect(bill.work[.head] == 4 * shape.width * shape.vocabulary)
    #expect(bill.work.macsDense == bill.work.macsTotal)
    #expect(bill.work.tokensIn == 5)
    #expect(bill.work.tokensOut == 4)
    #expect(bill.work.layersRun == 8 * shape.layers)
    #expect(bill.work.layersHistogram == [0, 0, 0, 8])
    #expect(bill.work.expertsHistogram == [0, 8 * shape.layers])
    expectEmpty(engine)
  }

  @Test func aPausedRowWaitsForItsReader() throws {
    var engine = bench.engine()
    let request = Request.test(1, endless(10), slots: 3)
    bench.run(&engine, whole(request, prompt), stalled: [request.id])
    #expect(bench.generated(request.id).count == 3)
    #expect(!engine.hasWork, "a paused row is no work")
    bench.run(&engine, [.credit(request.id, slots: 2)], stalled: [request.id])
    #expect(bench.generated(request.id).count == 5)
    bench.run(&engine, [.credit(request.id, slots: 1)])
    #expect(bench.generated(request.id).count == 10)
    expectEmpty(engine)
  }

  @Test func whatCanNeverFitIsRefusedAtOnce() {
    var limits = EngineLimits()
    limits.keyValueBytesMax = 4 * 3 * 2 * 16 * 16 * 4  // 4 pages of 16 positions
    var engine = bench.engine(limits)
    bench.run(&engine, whole(.test(1, endless(100)), prompt))
    #expect(refusal(1) == .inputTooLarge)
    bench.run(&engine, whole(.test(2, endless(50)), prompt))
    #expect(bench.generated(SequenceID(2)).count == 50)
    expectEmpty(engine)
  }

  @Test func whatCannotFitNowWaitsInABoundedQueue() {
    var limits = EngineLimits()
    limits.keyValueBytesMax = 4 * 3 * 2 * 16 * 16 * 4
    limits.queueCountMax = 2
    var engine = bench.engine(limits)
    let orders = (1 ... 4).flatMap { whole(.test($0, endless(50)), prompt) }
    bench.emptyTurn(&engine, orders)
    #expect(engine.load.running == 1)
    #expect(engine.load.queued == 2)
    #expect(refusal(4) == .queueFull)
    bench.run(&engine, [])
    for id in 1 ... 3 as ClosedRange<UInt64> {
      #expect(bench.generated(SequenceID(id)).count == 50)
    }
    #expect(bench.ending(SequenceID(4))?.bill.work.macsTotal == 0)
    expectEmpty(engine)
  }

  @Test func openRequestsAreBounded() {
    var limits = EngineLimits()
    limits.sequencesMax = 2
    var engine = bench.engine(limits)
    bench.run(&engine, (1 ... 3).map { .open(.test($0, endless(5))) })
    #expect(refusal(3) == .queueFull)
    bench.run(&engine, (1 ... 2).map { .end(SequenceID($0), .cancelled) })
    expectEmpty(engine)
  }

  @Test(arguments: 1 ... 12)
  func aCancelTakesEffectBetweenLayers(boundary: Int) throws {
    bench.betweenLayers = { $0 == boundary ? [.end(SequenceID(1), .cancelled)] : [] }
    var engine = bench.engine()
    let orders = whole(.test(1, endless(5)), prompt) + whole(.test(2, endless(5)), prompt)
    bench.run(&engine, orders)
    let (outcome, bill) = try #require(bench.ending(SequenceID(1)))
    #expect(outcome == .interrupted(.cancelled))
    // A boundary lies before each layer, where before the first of a step layer 0 of it has not run, and behind the last.
    let (step, layer) = (boundary - 1).quotientAndRemainder(dividingBy: TinyModels.layers + 1)
    let wholeRows = step == 0 ? 0 : 5 + step - 1
    let cutRows = step == 0 ? 5 : 1
    #expect(bill.work.layersRun == wholeRows * TinyModels.layers + cutRows * layer)
    #expect(bench.generated(SequenceID(1)).count == step)
    #expect(bench.generated(SequenceID(2)).count == 5, "the batchmate is not harmed")
    expectEmpty(engine)
  }

  @Test func aDeadlineTakesEffectBetweenLayers() throws {
    bench.betweenLayers = { boundary in
      if boundary == 3 { self.bench.now = .seconds(2) }
      return []
    }
    var engine = bench.engine()
    bench.run(&engine, whole(.test(1, endless(5), deadline: .seconds(1)), prompt))
    let (outcome, bill) = try #require(bench.ending(SequenceID(1)))
    #expect(outcome == .expired)
    #expect(bill.work.layersRun == 5 * 2, "two of three layers ran")
    #expect(bill.total == .seconds(2))
    #expect(bill.computing == .seconds(2))
    expectEmpty(engine)
  }

  @Test func aDeadlineInTheQueueOrBeforeTheInputCostsNoWork() throws {
    var limits = EngineLimits()
    limits.keyValueBytesMax = 4 * 3 * 2 * 16 * 16 * 4
    var engine = bench.engine(limits)
    let waiting = whole(.test(2, endless(50), deadline: .seconds(1)), prompt)
    let unfed = [Order.open(.test(3, endless(50), deadline: .seconds(1)))]
    bench.emptyTurn(&engine, whole(.test(1, endless(50)), prompt) + waiting + unfed)
    bench.now = .seconds(1)
    bench.run(&engine, [.tick])
    for id in [2, 3] as [UInt64] {
      let (outcome, bill) = try #require(bench.ending(SequenceID(id)))
      #expect(outcome == .expired)
      #expect(bill.work.macsTotal == 0)
    }
    #expect(bench.ending(SequenceID(2))?.bill.queued == .seconds(1))
    expectEmpty(engine)
  }

  @Test func aDeadlineThatHasPassedRunsNothing() {
    bench.now = .seconds(5)
    var engine = bench.engine()
    bench.run(&engine, whole(.test(1, endless(5), deadline: .seconds(5)), prompt))
    #expect(bench.ending(SequenceID(1))?.outcome == .expired)
    #expect(bench.ending(SequenceID(1))?.bill.work == Work())
    expectEmpty(engine)
  }

  @Test func wrongInputIsRefusedWithItsReason() throws {
    var engine = bench.engine()
    let mixed: [Order] = [
      .open(.test(1, endless(5))), .input(SequenceID(1), prompt, weight: 1),
      .input(SequenceID(1), .text([65]), weight: 1),
    ]
    bench.run(&engine, mixed)
    #expect(refusal(1) == .badInput)
    bench.run(&engine, whole(.test(2, endless(5)), .tokens([9999])))
    #expect(refusal(2) == .badInput)
    bench.run(&engine, whole(.test(3, endless(5)), .text([])))
    #expect(refusal(3) == .badInput)
    bench.run(&engine, whole(.test(4, endless(5)), .tokens(Array(repeating: 1, count: 300))))
    #expect(refusal(4) == .contextTooLong)
    bench.run(&engine, whole(.test(5, .embed(EncodeParameters())), prompt))
    #expect(refusal(5) == .unsuitableModel)
    bench.run(&engine, whole(.test(6, endless(5), on: Workbench.encoder), prompt))
    #expect(refusal(6) == .unsuitableModel)
    bench.run(&engine, whole(.test(7, endless(5), on: "nobody"), prompt))
    #expect(refusal(7) == .unknownModel)
    let long = Piece.text(Array(repeating: 0x61, count: 70_000))
    bench.run(&engine, whole(.test(8, endless(5)), long))
    #expect(refusal(8) == .inputTooLarge, "an unbroken run has a limit")
    let text = Piece.text(Array(String(repeating: "sun ", count: 100).utf8))
    bench.run(&engine, whole(.test(9, .embed(EncodeParameters()), on: Workbench.encoder), text))
    #expect(refusal(9) == .contextTooLong)
    expectEmpty(engine)
  }

  @Test func truncationKeepsTheClosingToken() throws {
    var parameters = EncodeParameters()
    parameters.truncate = true
    var engine = bench.engine()
    let text = Array(String(repeating: "sun ", count: 100).utf8)
    bench.run(&engine, whole(.test(1, .embed(parameters), on: Workbench.encoder), .text(text)))
    guard case .embedding(_, 0, let vector) = bench.of(SequenceID(1)).first(where: \.takesSlot)
    else {
      Issue.record("no embedding came")
      return
    }
    let all = bench.models[1].tokenizer.encode(text, addSpecial: true)
    let ids = all.prefix(TinyModels.encoderPositions - 1) + [try #require(all.last)]
    for (a, b) in zip(vector, bench.bert.embed(Array(ids))) { #expect(abs(a - b) < 1e-4) }
    #expect(bench.ending(SequenceID(1))?.bill.work.tokensIn == TinyModels.encoderPositions)
  }

  @Test func aTokenizerGoesOnWhenSlotsComeBack() {
    var engine = bench.engine()
    let text = Array(String(repeating: "a ", count: 3000).utf8)
    let request = Request.test(1, .tokenize(special: true), slots: 1)
    bench.emptyTurn(&engine, whole(request, .text(text)))
    #expect(bench.ending(request.id) == nil, "one slot does not hold so many tokens")
    for _ in 0 ..< 40 { bench.emptyTurn(&engine, [.credit(request.id, slots: 1)]) }
    let ids = bench.of(request.id).flatMap { emission -> [Int32] in
      if case .tokens(_, let ids) = emission { ids } else { [] }
    }
    #expect(ids == bench.tokenizer.encode(text, addSpecial: true))
    expectEmpty(engine)
  }

  @Test func whoWaitsIsAdmittedWhenAStepEndsAnother() {
    var limits = EngineLimits()
    limits.keyValueBytesMax = 4 * 3 * 2 * 16 * 16 * 4
    bench.betweenLayers = { $0 == 2 ? [.end(SequenceID(1), .cancelled)] : [] }
    var engine = bench.engine(limits)
    let orders = (1 ... 2).flatMap { whole(.test($0, endless(50)), prompt) }
    bench.run(&engine, orders)
    #expect(bench.generated(SequenceID(2)).count == 50, "nobody gave another order")
    expectEmpty(engine)
  }

  @Test func whoKeepsPagesAndDoesNothingMakesWay() {
    var limits = EngineLimits()
    limits.keyValueBytesMax = 4 * 3 * 2 * 16 * 16 * 4
    limits.stallMax = .seconds(5)
    var engine = bench.engine(limits)
    var predict = PredictParameters()
    predict.tokensMax = 64
    let idle = Request.test(1, .predict(predict), tenant: "idle")
    bench.run(&engine, [.open(idle)])
    #expect(engine.load.pagesUsed == 0, "who sends nothing holds nothing")
    bench.run(&engine, [.input(idle.id, .tokens([1]), weight: 1)])
    #expect(engine.load.pagesUsed == 4)
    bench.now = .seconds(100)
    bench.run(&engine, [.tick])
    #expect(bench.ending(idle.id) == nil, "nobody else wants the pages")
    bench.run(&engine, whole(.test(2, endless(50)), prompt))
    bench.run(&engine, [.tick])
    #expect(bench.ending(idle.id)?.outcome == .interrupted(.stalled))
    #expect(bench.generated(SequenceID(2)).count == 50)
    expectEmpty(engine)
  }

  @Test func anEndMayOvertakeItsOpening() {
    bench.betweenLayers = { $0 == 1 ? [.end(SequenceID(2), .cancelled)] : [] }
    var engine = bench.engine()
    bench.emptyTurn(&engine, whole(.test(1, endless(5)), prompt))
    #expect(engine.hasWork)
    bench.run(&engine, whole(.test(2, endless(5)), prompt))
    #expect(bench.ending(SequenceID(2))?.outcome == .interrupted(.cancelled))
    #expect(bench.generated(SequenceID(1)).count == 5)
    expectEmpty(engine)
  }

  @Test func creditComesBackForAllInput() {
    var engine = bench.engine()
    var orders: [Order] = [.open(.test(1, .predict(PredictParameters()), slots: 2))]
    orders += (0 ..< 30).map { .input(SequenceID(1), .tokens([Int32($0)]), weight: 7) }
    bench.run(&engine, orders)
    bench.run(&engine, [.endOfInput(SequenceID(1))])
    let returned = bench.emissions.reduce(0) { sum, emission in
      if case .consumed(_, let weight) = emission { sum + weight } else { sum }
    }
    #expect(returned == 30 * 7)
    #expect(bench.predictions(SequenceID(1)).count == 30)
    expectEmpty(engine)
  }

  @Test func textInPiecesGivesTheTokensOfTheWhole() {
    let text = Array("the inner thermometer é 🧑‍🚀 in the air".utf8)
    let whole = bench.tokenizer.encode(text, addSpecial: true)
    for cut in 1 ... 7 {
      var engine = bench.engine()
      var orders: [Order] = [.open(.test(1, .tokenize(special: true)))]
      for start in stride(from: 0, to: text.count, by: cut) {
        let piece = Array(text[start ..< min(start + cut, text.count)])
        orders.append(.input(SequenceID(1), .text(piece), weight: 1))
      }
      bench.run(&engine, orders + [.endOfInput(SequenceID(1))])
      let ids = bench.of(SequenceID(1)).flatMap { emission -> [Int32] in
        if case .tokens(_, let ids) = emission { ids } else { [] }
      }
      #expect(ids == whole)
      #expect(bench.ending(SequenceID(1))?.bill.work.tokensIn == whole.count)
      expectEmpty(engine)
    }
  }

  @Test func chatIsTheTemplateAroundTheMessage() throws {
    var parameters = GenerateParameters()
    parameters.tokensMax = 1
    parameters.format = .chat(system: Array("be brief".utf8))
    var engine = bench.engine()
    bench.run(&engine, whole(.test(1, .generate(parameters)), .text(Array("hi <|im_end|>".utf8))))
    let template = try #require(bench.tokenizer.chatTemplate)
    let ids = template.encode(
      [
        ChatTemplate.Message(role: "system", content: Array("be brief".utf8)),
        ChatTemplate.Message(role: "user", content: Array("hi <|im_end|>".utf8)),
      ],
      with: bench.tokenizer
    )
    #expect(bench.ending(SequenceID(1))?.bill.work.tokensIn == ids.count)
    #expect(
      ids.filter { $0 == template.end }.count == 2,
      "what a user spells is not a special token"
    )
  }

  @Test func tenantsShareByMACsAndNotByRequests() {
    var limits = EngineLimits()
    limits.prefillRowsMax = 8
    var engine = bench.engine(limits)
    let many = (1 ... 20).flatMap {
      whole(.test($0, .predict(PredictParameters()), tenant: "many"), .tokens(Array(0 ..< 40)))
    }
    let few = whole(
      .test(99, .predict(PredictParameters()), tenant: "few"),
      .tokens(Array(0 ..< 40))
    )
    bench.run(&engine, many + few)
    let ends = bench.emissions.compactMap { emission -> UInt64? in
      if case .ended(let id, _, _) = emission { id.number } else { nil }
    }
    let place = ends.firstIndex(of: 99) ?? .max
    #expect(place <= 3, "one request of a small tenant ended as number \(place)")
    expectEmpty(engine)
  }

  @Test(arguments: 0 ..< 60)
  func theBooksBalanceWhateverHappens(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var limits = EngineLimits()
    limits.keyValueBytesMax = Int.random(in: 2 ... 12, using: &random) * 3 * 2 * 16 * 16 * 4
    limits.queueCountMax = Int.random(in: 0 ... 6, using: &random)
    limits.prefillRowsMax = Int.random(in: 1 ... 30, using: &random)
    limits.rowsMax = Int.random(in: 1 ... 40, using: &random)
    var chaos = SplitMix64(seed: seed ^ 0xC4A05)
    bench.betweenLayers = { _ in
      if Int.random(in: 0 ..< 6, using: &chaos) == 0 { self.bench.now += .milliseconds(1) }
      guard Int.random(in: 0 ..< 8, using: &chaos) == 0 else { return [] }
      return [.end(SequenceID(UInt64.random(in: 1 ... 40, using: &chaos)), .cancelled)]
    }
    var engine = bench.engine(limits)
    var id: UInt64 = 0
    while id < 40 {
      // Several at once, so that batches are mixed and the queue is long.
      var orders: [Order] = []
      for _ in 0 ..< Int.random(in: 1 ... 8, using: &random) where id < 40 {
        id += 1
        orders += randomRequest(id, using: &random)
        if Int.random(in: 0 ..< 4, using: &random) == 0 {
          orders.append(.end(SequenceID(id), .cancelled))
        }
      }
      for _ in 0 ..< Int.random(in: 1 ... 5, using: &random) {
        bench.emptyTurn(&engine, orders)
        orders = (1 ... id).filter { _ in Bool.random(using: &random) }.map {
          .credit(SequenceID($0), slots: 1)
        }
      }
      if Int.random(in: 0 ..< 4, using: &random) == 0 { bench.now += .milliseconds(2) }
    }
    for _ in 0 ..< 30 {
      bench.run(&engine, (1 ... 40).map { .credit(SequenceID($0), slots: 1) })
    }
    bench.run(&engine, (1 ... 40).map { .end(SequenceID($0), .draining) })
    for id in 1 ... 40 as ClosedRange<UInt64> {
      #expect(bench.ending(SequenceID(id)) != nil, "seed \(seed): request \(id) ended once")
      guard case .ended = bench.of(SequenceID(id)).last else {
        Issue.record("seed \(seed): something follows the end of \(id)")
        continue
      }
    }
    expectEmpty(engine)
  }

  private func randomRequest(_ id: UInt64, using random: inout SplitMix64) -> [Order] {
    let deadline: Duration? =
      Bool.random(using: &random)
      ? bench.now + .milliseconds(Int.random(in: 0 ... 6, using: &random)) : nil
    let tenant = "t\(Int.random(in: 0 ... 2, using: &random))"
    let slots = Int.random(in: 1 ... 4, using: &random)
    let count = Int.random(in: 1 ... 50, using: &random)
    let tokens = Piece.tokens(randomTokens(count, using: &random))
    switch Int.random(in: 0 ..< 4, using: &random) {
    case 0:
      let task = endless(Int.random(in: 1 ... 20, using: &random))
      return whole(.test(id, task, tenant: tenant, deadline: deadline, slots: slots), tokens)
    case 1:
      let task = Request.Task.predict(PredictParameters())
      return whole(.test(id, task, tenant: tenant, deadline: deadline, slots: slots), tokens)
    case 2:
      let text = Piece.text(Array(String(repeating: "rain ", count: count % 13).utf8))
      let task = Request.Task.classify(EncodeParameters())
      return whole(
        .test(id, task, on: Workbench.encoder, tenant: tenant, deadline: deadline),
        text
      )
    default:
      let text = Piece.text(Array(repeating: 0x74, count: count))
      return whole(
        .test(id, .tokenize(special: true), tenant: tenant, deadline: deadline, slots: slots),
        text
      )
    }
  }
}

extension Workbench {
  /// One turn, without going on.
  func emptyTurn(_ engine: inout Engine, _ orders: [Order]) { record(engine.turn(orders)) }
}
