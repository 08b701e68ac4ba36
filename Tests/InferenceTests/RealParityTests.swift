import Foundation
import Inference
import Models
import Support
import Tensors
import Testing

private let smollm2 = ModelCache.path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
private let minilm = ModelCache.path("minilm")

/// The engine on the real models answers as the independent forwards did, all requests in one batch.
@Suite(.serialized)
struct RealParityTests {
  private func golden(_ name: String) throws -> JSON {
    let path = Fixtures.path("golden/real/\(name).json")
    return try JSON(parsing: Fixtures.bytes(path), path: path)
  }

  private func tokens(_ json: JSON, _ key: String) throws -> [Int32] {
    try #require(json[key]?.items).compactMap { $0.integer.map { Int32($0) } }
  }

  @Test(.enabled(if: smollm2 != nil, "run `make models`"), arguments: [7, 128])
  func tenPromptsAtOnceGiveTheirGreedyTexts(prefillRowsMax: Int) throws {
    let checkpoint = try Checkpoint.open(path: try #require(smollm2))
    var limits = EngineLimits()
    limits.prefillRowsMax = prefillRowsMax
    var engine = Engine(
      models: [try ServedModel(name: "m", checkpoint: checkpoint, weights: .f32)],
      limits: limits,
      clock: { .zero }
    )
    let runs = try #require(golden("smollm2")["greedy"]?.items)
    var orders: [Order] = []
    for (index, run) in runs.enumerated() {
      let prompt = Piece.text(try #require(run["text"]?.bytes))
      orders += whole(.test(UInt64(index), endless(64), on: "m", slots: 64), prompt)
    }
    var answers = [[Int32]](repeating: [], count: runs.count)
    var endsCount = 0
    repeat {
      for emission in engine.turn(orders) {
        if case .token(let id, let token) = emission { answers[Int(id.number)].append(token.token) }
        if case .ended(_, let outcome, _) = emission {
          #expect(outcome == .finished(.length))
          endsCount += 1
        }
      }
      orders = []
    } while engine.hasWork
    #expect(endsCount == runs.count)
    var splits = 0
    for (run, answer) in zip(runs, answers) {
      let wanted = try tokens(run, "answer")
      let gaps = try #require(run["gaps"]?.items).compactMap(\.number)
      guard let step = wanted.indices.first(where: { answer[$0] != wanted[$0] }) else { continue }
      splits += 1
      #expect(gaps[step] < 1e-3, "\(run["text"]?.text ?? ""): another token at step \(step)")
    }
    #expect(engine.booksBalance)
    Figures.record(
      "engine: greedy texts that differ from PyTorch's",
      "\(splits) of \(runs.count)",
      "SmolLM2, 64 tokens each, one batch, prefill slices of \(prefillRowsMax) rows"
    )
  }

  /// Whole prompts alone, and the same prompts side by side in slices of 7 rows: both are the
  /// reference forward's answer within `ParityTests.tolerance`, and both did the same work.
  @Test(.enabled(if: smollm2 != nil, "run `make models`"))
  func slicedAndBatchedPredictionsAreTheReferences() throws {
    let checkpoint = try Checkpoint.open(path: try #require(smollm2))
    guard case .llama(let configuration, let weights) = checkpoint.family else {
      Issue.record("SmolLM2 is a \(checkpoint.family.name)")
      return
    }
    let reference = LlamaReference(configuration: configuration, weights: weights)
    let model = try ServedModel(name: "m", checkpoint: checkpoint, weights: .f32)
    let prompts = try #require(golden("smollm2")["greedy"]?.items).prefix(3).map {
      try tokens($0, "prompt") + (try tokens($0, "answer"))
    }
    var alone = Predictions(), together = Predictions()
    for (index, prompt) in prompts.enumerated() {
      alone.run([(UInt64(index), prompt)], on: model, prefillRowsMax: 512)
    }
    together.run(prompts.enumerated().map { (UInt64($0), $1) }, on: model, prefillRowsMax: 7)
    var worst: Float = 0
    for (index, prompt) in prompts.enumerated() {
      let logits = reference.logits(prompt)
      let id = SequenceID(UInt64(index))
      #expect(alone.bills[id]?.work == together.bills[id]?.work, "the same work")
      #expect(alone.rows[id] == together.rows[id], "the same bits")
      for run in [alone, together] {
        let found = try #require(run.rows[id])
        #expect(found.map(\.token) == prompt)
        for prediction in found {
          let row = logits.row(prediction.position)
          let peak = row.map(abs).max() ?? 0
          let total = logSumExp(row)
          for candidate in prediction.candidates {
            let wanted = row[Int(candidate.token)] - total
            worst = max(worst, abs(candidate.logProbability - wanted) / peak)
          }
        }
      }
    }
    #expect(worst <= 2 * ParityTests.tolerance)
    Figures.record(
      "engine: log-probabilities against the reference forward, max |Δ| / max |logit|",
      "\(worst)",
      "SmolLM2, top 5 at every position of 3 texts, alone and whole, and in one batch in slices of 7 rows"
    )
  }

  @Test(.enabled(if: minilm != nil, "run `make models`"))
  func twoHundredSentencesEmbedAsAlone() throws {
    let checkpoint = try Checkpoint.open(path: try #require(minilm))
    guard case .bert(let configuration, let weights) = checkpoint.family else {
      Issue.record("MiniLM is a \(checkpoint.family.name)")
      return
    }
    let reference = BertReference(configuration: configuration, weights: weights)
    let sentences = try #require(golden("minilm")["sentences"]?.items)
    let vectors = try embeddings(of: sentences, checkpoint, .f32)
    var least = 1.0
    for (sentence, vector) in zip(sentences, vectors) {
      let wanted = reference.embed(try tokens(sentence, "tokens"))
      let likeness = zip(vector, wanted).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      least = min(least, likeness)
      #expect(likeness >= 0.99999)
    }
    Figures.record(
      "engine: least cosine to the reference forward",
      "\(least)",
      "MiniLM, 200 sentences in ragged batches"
    )
  }

  /// What is served where nothing is said of weights.
  @Test(.enabled(if: minilm != nil, "run `make models`"))
  func theDefaultFormatEmbedsAsPyTorchDoes() throws {
    let checkpoint = try Checkpoint.open(path: try #require(minilm))
    let sentences = try #require(golden("minilm")["sentences"]?.items)
    let file = try Safetensors(path: Fixtures.path("golden/real/minilm.safetensors"))
    let stored = try #require(file.tensors.first { $0.name == "embeddings" })
    let wanted = stored.file.floats(.f32, at: stored.offset, count: stored.count)
    let width = stored.count / sentences.count
    let vectors = try embeddings(of: sentences, checkpoint, .automatic)
    try #require(sentences.count == 200 && vectors.allSatisfy { $0.count == width })
    let likenesses = vectors.enumerated().map { index, vector in
      zip(vector, wanted[index * width ..< (index + 1) * width]).reduce(0.0) {
        $0 + Double($1.0) * Double($1.1)
      }
    }
    let mean = likenesses.reduce(0, +) / Double(likenesses.count)
    let least = likenesses.min() ?? 0
    #expect(mean >= 0.999, "least \(least)")
    // Not the exact format by mistake.
    #expect(mean < 0.999999)
    Figures.record(
      "engine: mean cosine of the default format to PyTorch float32",
      "\(mean), least \(least)",
      "MiniLM, 200 sentences in ragged batches"
    )
  }

  /// The engine's vectors of golden sentences, all of them in one request.
  private func embeddings(
    of sentences: [JSON],
    _ checkpoint: Checkpoint,
    _ weights: WeightChoice
  ) throws -> [[Float]] {
    var engine = Engine(
      models: [try ServedModel(name: "m", checkpoint: checkpoint, weights: weights)],
      clock: { .zero }
    )
    var parameters = EncodeParameters()
    parameters.eachPiece = true
    let request = Request.test(1, .embed(parameters), on: "m", slots: 300)
    var orders: [Order] = [.open(request)]
    for sentence in sentences {
      orders.append(.input(request.id, .text(try #require(sentence["text"]?.bytes)), weight: 1))
    }
    orders.append(.endOfInput(request.id))
    var vectors: [[Float]] = []
    repeat {
      for case .embedding(_, let index, let vector) in engine.turn(orders) {
        #expect(index == vectors.count)
        vectors.append(vector)
      }
      orders = []
    } while engine.hasWork
    #expect(vectors.count == sentences.count)
    #expect(engine.booksBalance)
    return vectors
  }
}

/// What runs of the engine predicted and billed, by sequence.
private struct Predictions {
  var rows: [SequenceID: [Prediction]] = [:]
  var bills: [SequenceID: Bill] = [:]

  /// Predicts after every token of `inputs`, all in one engine.
  mutating func run(_ inputs: [(UInt64, [Int32])], on model: ServedModel, prefillRowsMax: Int) {
    var limits = EngineLimits()
    limits.prefillRowsMax = prefillRowsMax
    limits.rowsMax = max(limits.rowsMax, prefillRowsMax)
    var engine = Engine(models: [model], limits: limits, clock: { .zero })
    var orders = inputs.flatMap { id, tokens in
      whole(.test(id, .predict(PredictParameters()), on: "m", slots: 4096), .tokens(tokens))
    }
    repeat {
      for emission in engine.turn(orders) {
        if case .prediction(let id, let prediction) = emission {
          rows[id, default: []].append(prediction)
        }
        if case .ended(let id, _, let bill) = emission { bills[id] = bill }
      }
      orders = []
    } while engine.hasWork
    #expect(engine.booksBalance)
  }
}
