import Foundation
import Inference
import Models
import Support
import Testing

/// No bill is larger than its budget, whatever is asked, and what is refused says what would do.
struct BudgetTests {
  private struct Case {
    let request: Request
    let tokens: [Int32]
  }

  private func random(_ number: UInt64, _ random: inout SplitMix64) -> Case {
    let isOnLanguage = Bool.random(using: &random)
    var tokens = randomTokens(Int.random(in: 1 ... 50, using: &random), using: &random)
    if !isOnLanguage { tokens = tokens.map { $0 % 80 } }
    let task: Request.Task
    switch (isOnLanguage, Int.random(in: 0 ... 2, using: &random)) {
    case (true, 0):
      var generate = GenerateParameters()
      generate.tokensMax = 20
      generate.ignoresEnd = true
      task = .generate(generate)
    case (true, 1): task = .predict(PredictParameters())
    case (false, 0): task = .embed(EncodeParameters())
    case (false, 1): task = .classify(EncodeParameters())
    default:
      var stream = StreamParameters()
      stream.policy = StreamPolicy.allCases.randomElement(using: &random)
      stream.tokensMax = 60
      stream.window = Int.random(in: 3 ... 20, using: &random)
      stream.refines = Int.random(in: 0 ..< 4, using: &random) == 0
      if Int.random(in: 0 ..< 3, using: &random) == 0 { stream.explicit.firstExit = 1 }
      if !isOnLanguage, Bool.random(using: &random) { stream.explicit.tau = 0.3 }
      if Bool.random(using: &random) {
        stream.explicit.threshold = Double.random(in: 0 ... 1, using: &random)
      }
      task = .classifyStream(stream)
    }
    let request = Request.test(
      number,
      task,
      on: isOnLanguage ? Workbench.language : Workbench.encoder,
      effort: min(1, Double.random(in: 0 ... 1.5, using: &random)),
      macsMax: Int(exp2(Double.random(in: 12 ... 23, using: &random)))
    )
    return Case(request: request, tokens: tokens)
  }

  @Test func noBillExceedsItsBudget() throws {
    var random = SplitMix64(seed: 1)
    let bench = try Workbench()
    var (spent, refused, whole) = (0, 0, 0)
    for number in 1 ... 1000 {
      let own = self.random(UInt64(number), &random)
      let most = try #require(own.request.macsMax)
      var engine = bench.engine()
      bench.run(&engine, InferenceTests.whole(own.request, .tokens(own.tokens)))
      #expect(engine.booksBalance && engine.load.sequences == 0)
      let (outcome, bill) = try #require(bench.ending(own.request.id))
      #expect(bill.work.macsTotal <= most, "\(own.request.task)")
      switch outcome {
      case .finished(.budget):
        spent += 1
        #expect(bill.work.tokensOut > 0, "an answer was paid for")
      case .refused(let refusal):
        refused += 1
        #expect(refusal.code == .budgetTooSmall && bill.work.tokensOut == 0)
        let least = try #require(refusal.leastMACs)
        #expect(least > most)
        try enough(bench, own, least)
      default: whole += 1
      }
    }
    #expect(min(spent, refused, whole) > 50, "\(spent) spent, \(refused) refused, \(whole) whole")
  }

  /// What a refusal names pays for an answer, once it is asked again of the input that came.
  private func enough(_ bench: Workbench, _ own: Case, _ least: Int) throws {
    var (request, most) = (own.request, least)
    for _ in 0 ..< 2 {
      request.macsMax = most
      var engine = bench.engine()
      bench.run(&engine, InferenceTests.whole(request, .tokens(own.tokens)))
      let (outcome, bill) = try #require(bench.ending(request.id))
      guard case .refused(let refusal) = outcome else {
        #expect(bill.work.tokensOut > 0 && bill.work.macsTotal <= most)
        return
      }
      // At OPEN the input is not there: the first answer is for the shortest there is.
      most = try #require(refusal.leastMACs)
    }
    Issue.record("\(least) is called enough, and then \(most)")
  }

  /// The exit at which the budget ends answers, and the end says so.
  @Test(arguments: [true, false])
  func theExitWhereABudgetEndsAnswers(isForced: Bool) throws {
    let bench = try Workbench()
    var limits = EngineLimits()
    limits.railPerMille = 1000
    limits.railDriftMax = 1
    var engine = bench.engine(limits)
    guard case .bert(let configuration, _) = bench.models[1].checkpoint.family else {
      Issue.record("the bench's encoder is no BERT")
      return
    }
    let cost = Cost(configuration)
    let dense = 20 * cost.row(positions: 20) + cost.head
    let head = try #require(bench.models[1].checkpoint.frugal?.exits).cost(at: 0)
    var parameters = EncodeParameters()
    // Never sure by itself, or always.
    parameters.explicit.threshold = isForced ? 1 : 0
    let request = Request.test(
      1,
      .classify(parameters),
      on: Workbench.encoder,
      macsMax: (dense - cost.head) / configuration.layers + head
    )
    var random = SplitMix64(seed: 3)
    let tokens = randomTokens(20, using: &random).map { $0 % 80 }
    bench.run(&engine, InferenceTests.whole(request, .tokens(tokens)))
    let (outcome, bill) = try #require(bench.ending(request.id))
    #expect(outcome == .finished(isForced ? .budget : .complete))
    #expect(bill.work.tokensOut == 1)
    #expect(bill.work.layersHistogram == [0, 20], "all rows left after the first layer")
  }

  /// An exit before the one that a token's rule begins with is never sure of it, however likely its label.
  @Test func anExitBeforeTheFirstIsForced() throws {
    let bench = try Workbench()
    let exits = try #require(bench.models[0].checkpoint.frugal?.tokens)
    let cost = Cost(bench.llama.configuration)
    var parameters = StreamParameters()
    parameters.explicit.firstExit = 2
    var layers: [Int: Outcome] = [:]
    for depth in 1 ... 2 {
      let most =
        depth * (cost.attention(positions: 1) + cost.experts)
        + (0 ..< depth).reduce(0) { $0 + exits.cost(at: $1, isAsked: true) }
      var engine = bench.engine()
      let request = Request.test(1, .classifyStream(parameters), macsMax: most)
      bench.run(&engine, InferenceTests.whole(request, .tokens([7])))
      let (outcome, bill) = try #require(bench.ending(request.id))
      let verdict = try #require(bench.verdicts(request.id).first)
      layers[verdict.layer] = outcome
      #expect(bill.work.macsTotal <= most)
    }
    #expect(layers == [1: .finished(.budget), 2: .finished(.complete)])
  }

  /// A budget buys the most effort that it pays for.
  @Test func moreBudgetIsMoreEffort() throws {
    let bench = try Workbench()
    var random = SplitMix64(seed: 3)
    let tokens = randomTokens(20, using: &random).map { $0 % 80 }
    var last = -1
    for share in [0.2, 0.4, 0.7, 1] {
      var engine = bench.engine()
      guard case .bert(let configuration, _) = bench.models[1].checkpoint.family else {
        Issue.record("the bench's encoder is no BERT")
        return
      }
      let cost = Cost(configuration)
      let dense = 20 * cost.row(positions: 20) + cost.head
      let most = Int(share * Double(dense))
      let task = Request.Task.classify(EncodeParameters())
      let request = Request.test(1, task, on: Workbench.encoder, macsMax: most)
      bench.run(&engine, InferenceTests.whole(request, .tokens(tokens)))
      let (outcome, bill) = try #require(bench.ending(request.id))
      guard case .finished = outcome else { continue }
      #expect(bill.work.macsTotal <= most && bill.work.macsTotal >= last)
      last = bill.work.macsTotal
      if share == 1 { #expect(bill.effortGiven == 1 && bill.work.macsTotal == dense) }
    }
    #expect(last > 0)
  }
}
