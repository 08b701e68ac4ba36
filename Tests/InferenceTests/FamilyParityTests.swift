import Foundation
import Inference
import Models
import Support
import Tensors
import Testing

/// The engine serves every family as the reference forward answers, which is held to transformers.
struct FamilyParityTests {
  private func bench(_ name: String) throws -> (FamilyBench, Checkpoint) {
    let checkpoint = try Checkpoint.open(path: Fixtures.path("models/\(name)"))
    return (
      FamilyBench(try ServedModel(name: name, checkpoint: checkpoint, weights: .f32)), checkpoint
    )
  }

  @Test(arguments: [
    "gpt2", "qwen2", "qwen3", "llama-biased", "gguf-gpt2.gguf", "gguf-qwen3.gguf", "gguf-k.gguf",
  ])
  func predictionsAreTheReferences(name: String) throws {
    let (bench, checkpoint) = try bench(name)
    guard case .llama(let configuration, let weights) = checkpoint.family else {
      Issue.record("\(name) is no language model")
      return
    }
    var random = SplitMix64(seed: 7)
    let tokens = (0 ..< 40).map { _ in
      Int32.random(in: 0 ..< Int32(configuration.vocabulary), using: &random)
    }
    let logits = LlamaReference(configuration: configuration, weights: weights).logits(tokens)
    var limits = EngineLimits()
    limits.prefillRowsMax = 7
    let found = bench.run(.predict(PredictParameters()), .tokens(tokens), limits)
      .compactMap { if case .prediction(_, let found) = $0 { found } else { nil } }
    #expect(found.map(\.token) == tokens)
    for prediction in found {
      let row = logits.row(prediction.position)
      let peak = row.map(abs).max() ?? 0
      let total = logSumExp(row)
      for candidate in prediction.candidates {
        let wanted = row[Int(candidate.token)] - total
        #expect(abs(candidate.logProbability - wanted) <= 2 * ParityTests.tolerance * peak)
      }
    }
  }

  @Test(arguments: [
    "roberta-classifier", "roberta-encoder", "distilbert-classifier", "distilbert-encoder",
  ])
  func encodersAreTheReferences(name: String) throws {
    let (bench, checkpoint) = try bench(name)
    guard case .bert(let configuration, let weights) = checkpoint.family else {
      Issue.record("\(name) is no encoder")
      return
    }
    let reference = BertReference(configuration: configuration, weights: weights)
    // As long as the model's positions go.
    let tokens = (0 ..< Int32(configuration.sequenceMax)).map { 5 + $0 % 40 }
    let vectors = bench.run(.embed(EncodeParameters()), .tokens(tokens))
      .compactMap { if case .embedding(_, _, let vector) = $0 { vector } else { nil } }
    #expect(vectors.count == 1)
    for (a, b) in zip(vectors[0], reference.embed(tokens)) { #expect(abs(a - b) <= 1e-4) }
    guard !configuration.labels.isEmpty else { return }
    var parameters = EncodeParameters()
    parameters.pair = Array("a storm".utf8)
    let text = Array("the king".utf8)
    let scores = bench.run(.classify(parameters), .text(text))
      .compactMap { if case .labels(_, _, let scores) = $0 { scores } else { nil } }
    let pair = try #require(checkpoint.tokenizer).encodePair(text, Array("a storm".utf8))
    let logits = reference.classify(pair.ids, types: pair.types)
    let total = logSumExp(logits)
    #expect(scores.first?.count == 3)
    for score in scores.first ?? [] {
      let label = try #require(configuration.labels.firstIndex(of: score.label))
      #expect(abs(score.score - exp(logits[label] - total)) <= 1e-4)
    }
  }
}

/// One model, one request at a time.
struct FamilyBench {
  let model: ServedModel

  init(_ model: ServedModel) { self.model = model }

  /// Runs a request to its end, after which the books must balance.
  func run(_ task: Request.Task, _ piece: Piece, _ limits: EngineLimits = EngineLimits())
    -> [Emission]
  {
    var engine = Engine(models: [model], limits: limits, clock: { .zero })
    var emissions: [Emission] = []
    var orders = whole(.test(1, task, on: model.name), piece)
    repeat {
      let turn = engine.turn(orders)
      emissions += turn
      orders = turn.filter(\.takesSlot).map { .credit($0.id, slots: 1) }
    } while engine.hasWork || !orders.isEmpty
    #expect(engine.booksBalance)
    return emissions
  }
}
