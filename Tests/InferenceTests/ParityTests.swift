import Inference
import Models
import Support
import Tensors
import Testing

/// The engine answers as the reference forward does, however the work is cut and whoever is beside.
struct ParityTests {
  /// Logits of the engine may differ from the reference's by this part of the largest one, whole or in
  /// slices, alone or in a batch; so log-probabilities by twice as much.
  static let tolerance: Float = 1e-4

  @Test(arguments: 0 ..< 20)
  func predictionsAreTheReferences(seed: UInt64) throws {
    let bench = try Workbench()
    var random = SplitMix64(seed: seed)
    let tokens = randomTokens(Int.random(in: 1 ... 90, using: &random), using: &random)
    var limits = EngineLimits()
    limits.prefillRowsMax = Int.random(in: 1 ... 40, using: &random)
    limits.workers = Int.random(in: 1 ... 3, using: &random)
    var engine = bench.engine(limits)
    bench.run(&engine, whole(.test(1, .predict(PredictParameters())), .tokens(tokens)))

    let found = bench.predictions(SequenceID(1))
    #expect(found.map(\.token) == tokens)
    #expect(found.map(\.position) == Array(0 ..< tokens.count))
    let logits = bench.llama.logits(tokens)
    for prediction in found {
      let row = logits.row(prediction.position)
      let peak = row.map(abs).max() ?? 0
      let total = logSumExp(row)
      for candidate in prediction.candidates {
        let wanted = row[Int(candidate.token)] - total
        #expect(abs(candidate.logProbability - wanted) <= 2 * Self.tolerance * peak)
      }
      let best = row.max() ?? 0
      #expect(row[Int(prediction.candidates[0].token)] >= best - 2 * Self.tolerance * peak)
    }
    #expect(engine.booksBalance)
  }

  @Test(arguments: 0 ..< 10)
  func greedyTextIsTheReferences(seed: UInt64) throws {
    let bench = try Workbench()
    var random = SplitMix64(seed: seed)
    let prompt = randomTokens(Int.random(in: 1 ... 30, using: &random), using: &random)
    var engine = bench.engine()
    bench.run(&engine, whole(.test(1, endless(20)), .tokens(prompt)))
    var context = prompt
    for token in bench.generated(SequenceID(1)) {
      let row = bench.llama.logits(context).row(context.count - 1)
      let peak = row.map(abs).max() ?? 0
      // Two logits closer than the tolerance may change places.
      #expect(row[Int(token.token)] >= (row.max() ?? 0) - 2 * Self.tolerance * peak)
      context.append(token.token)
    }
    #expect(context.count == prompt.count + 20)
  }

  @Test(arguments: 0 ..< 20)
  func batchmatesAreInvisible(seed: UInt64) throws {
    let bench = try Workbench()
    var random = SplitMix64(seed: seed)
    let inputs = (0 ..< 8).map { _ in
      randomTokens(Int.random(in: 1 ... 60, using: &random), using: &random)
    }
    var alone: [[Prediction]] = []
    var bills: [Bill] = []
    for (index, tokens) in inputs.enumerated() {
      let id = UInt64(index)
      var engine = bench.engine()
      bench.run(&engine, whole(.test(id, .predict(PredictParameters())), .tokens(tokens)))
      alone.append(bench.predictions(SequenceID(id)))
      bills.append(try #require(bench.ending(SequenceID(id))).bill)
    }
    var limits = EngineLimits()
    limits.prefillRowsMax = Int.random(in: 4 ... 64, using: &random)
    var engine = bench.engine(limits)
    let orders = inputs.enumerated().flatMap { index, tokens in
      whole(.test(UInt64(index), .predict(PredictParameters())), .tokens(tokens))
    }
    bench.run(&engine, orders)
    for index in inputs.indices {
      let id = SequenceID(UInt64(index))
      let logits = bench.llama.logits(inputs[index])
      for (a, b) in zip(alone[index], bench.predictions(id)) {
        let peak = logits.row(a.position).map(abs).max() ?? 0
        let difference = a.candidates[0].logProbability - b.candidates[0].logProbability
        #expect(abs(difference) <= 2 * Self.tolerance * peak)
      }
      #expect(bench.predictions(id).count == inputs[index].count)
      #expect(bench.ending(id)?.bill.work == bills[index].work, "the same work, alone or not")
    }
    #expect(engine.booksBalance)
  }

  @Test func embeddingsAreTheReferencesInAnyBatch() throws {
    let bench = try Workbench()
    let texts = [
      "the rain", "sun!", "a long text with many letters 12345", "", "the sun, the rain?",
    ]
    var parameters = EncodeParameters()
    parameters.eachPiece = true
    for rowsMax in [1, 8, 20, 256] {
      var limits = EngineLimits()
      limits.rowsMax = rowsMax
      var engine = bench.engine(limits)
      let request = Request.test(1, .embed(parameters), on: Workbench.encoder)
      let pieces = texts.map { Order.input(request.id, .text(Array($0.utf8)), weight: 3) }
      bench.run(&engine, [.open(request)] + pieces + [.endOfInput(request.id)])
      let vectors = bench.of(request.id).compactMap { emission -> (Int, [Float])? in
        if case .embedding(_, let index, let vector) = emission { (index, vector) } else { nil }
      }
      #expect(vectors.map(\.0) == Array(texts.indices))
      for (index, vector) in vectors {
        let ids = bench.models[1].tokenizer.encode(Array(texts[index].utf8), addSpecial: true)
        let wanted = bench.bert.embed(ids)
        for (a, b) in zip(vector, wanted) { #expect(abs(a - b) <= 1e-4) }
        #expect(vector.count == wanted.count)
      }
      #expect(engine.booksBalance)
    }
  }

  @Test func labelsAreTheReferencesBestFirst() throws {
    let bench = try Workbench()
    var engine = bench.engine()
    let request = Request.test(1, .classify(EncodeParameters()), on: Workbench.encoder)
    bench.run(&engine, whole(request, .text(Array("the rain and the sun".utf8))))
    let ids = bench.models[1].tokenizer.encode(Array("the rain and the sun".utf8), addSpecial: true)
    let logits = bench.bert.classify(ids)
    let total = logSumExp(logits)
    guard case .labels(_, 0, let scores) = bench.of(request.id).first(where: \.takesSlot) else {
      Issue.record("no labels came")
      return
    }
    #expect(scores.map(\.score) == scores.map(\.score).sorted(by: >))
    for score in scores {
      let label = try #require(TinyModels.labels.firstIndex(of: score.label))
      #expect(abs(score.score - expf(logits[label] - total)) <= 1e-4)
    }
    #expect(scores.count == TinyModels.labels.count)
  }
}
