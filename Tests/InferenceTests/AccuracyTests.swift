import Foundation
import Models
import Support
import Tensors
import Testing

@testable import Inference

private let isMeasuring = ProcessInfo.processInfo.environment["METE_ACCURACY"] != nil
private let smollm2 = ModelCache.path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
private let hamlet = ModelCache.path("text/hamlet.md")
private let minilm = ModelCache.path("minilm")
private let news = ModelCache.path("text/r8-train.tab")

/// What each way of holding weights costs in accuracy, on real models and text; `make accuracy` measures it.
@Suite(.serialized)
struct AccuracyTests {
  /// The default format, on few tokens: what every run of the tests can afford.
  @Test(.enabled(if: smollm2 != nil && hamlet != nil, "run `make models`"))
  func bytesKeepTheLanguageModel() throws {
    let text = try LanguageText(tokensMax: 1_024)
    let exact = try text.perplexity(.f32)
    let served = try text.perplexity(.automatic)
    #expect(abs(served / exact - 1) < 0.01, "\(served) against \(exact)")
  }

  @Test(.enabled(if: isMeasuring && hamlet != nil, "run `make accuracy`"))
  func perplexityOfEveryFormat() throws {
    let text = try LanguageText(tokensMax: 60_000)
    #expect(text.tokens.count >= 50_000)
    let exact = try text.perplexity(.f32)
    for weights in WeightChoice.allCases where weights != .f32 {
      let found = try text.perplexity(weights)
      record(weights.rawValue, found, exact, text.tokens.count)
      if weights == .automatic { #expect(abs(found / exact - 1) <= 0.005) }
    }
    let bytes = try text.perplexity(.automatic, keysAndValues: .int8)
    record("auto, keys and values int8", bytes, exact, text.tokens.count)
  }

  private func record(_ name: String, _ found: Double, _ exact: Double, _ tokens: Int) {
    let change = (found / exact - 1) * 100
    Figures.record(
      "perplexity, weights \(name)",
      String(format: "%.4f, %+.3f %% of float32's %.4f", found, change, exact),
      "SmolLM2 (Q4_1 file), \(tokens) tokens of Hamlet in windows of 512"
    )
  }

  @Test(.enabled(if: isMeasuring && minilm != nil && news != nil, "run `make accuracy`"))
  func embeddingsOfEveryFormat() throws {
    let texts = try NewsTexts(countMax: 5_000)
    let exact = try texts.embeddings(.f32)
    let wanted = neighbours(exact)
    for weights in WeightChoice.allCases where weights != .f32 {
      let found = try texts.embeddings(weights)
      let cosines = zip(found, exact).map(dot)
      let mean = cosines.reduce(0, +) / Double(cosines.count)
      let shared = zip(neighbours(found), wanted).map { Set($0).intersection($1).count }
      let overlap = Double(shared.reduce(0, +)) / Double(10 * shared.count)
      Figures.record(
        "embeddings, weights \(weights.rawValue)",
        String(
          format: "mean cosine %.5f, least %.5f, top-10 overlap %.2f %%",
          mean,
          cosines.min() ?? 0,
          overlap * 100
        ),
        "MiniLM against float32, the first \(texts.texts.count) texts of R8's training part"
      )
      if weights == .automatic {
        #expect(mean >= 0.999)
        #expect(overlap >= 0.97)
      }
    }
  }

  /// The ten nearest other texts of every text.
  private func neighbours(_ vectors: [[Float]]) -> [[Int]] {
    let all = Matrix(
      outputs: vectors.count,
      inputs: vectors[0].count,
      values: vectors.flatMap { $0 }
    )
    return vectors.indices.map { index in
      var scores = product(all, vectors[index])
      scores[index] = -2
      return Array(scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(10))
    }
  }
}

private func product(_ matrix: Matrix, _ vector: [Float]) -> [Float] {
  var y = [Float](repeating: 0, count: matrix.outputs)
  var target = y.mutableSpan
  matrix.multiply(vector.span, rows: 1, into: &target)
  return y
}

private func dot(_ a: [Float], _ b: [Float]) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

/// A text and how surprised a model is by it.
private struct LanguageText {
  let checkpoint: Checkpoint
  let tokens: [Int32]
  static let window = 512

  init(tokensMax: Int) throws {
    checkpoint = try Checkpoint.open(path: try #require(smollm2))
    let tokenizer = try #require(checkpoint.tokenizer)
    let text = try Data(contentsOf: URL(fileURLWithPath: try #require(hamlet)))
    tokens = Array(tokenizer.encode(Array(text), addSpecial: false).prefix(tokensMax))
  }

  /// exp of the mean surprise, every window from its second token on.
  func perplexity(
    _ weights: WeightChoice,
    keysAndValues: KeyValueFormat = .f32
  ) throws -> Double {
    let model = try ServedModel(name: "m", checkpoint: checkpoint, weights: weights, threads: 0)
    guard case .language(let packed) = model.packed else {
      throw Refusal(.unsuitableModel, "no language model")
    }
    let workers = Workers()
    let forward = LanguageForward(packed, workers: workers)
    let pages = KeyValuePages(
      layers: packed.configuration.layers,
      pageCount: Self.window / 16,
      shape: forward.shape,
      format: keysAndValues
    )
    var surprise = 0.0
    var count = 0
    for start in stride(from: 0, to: tokens.count, by: Self.window) {
      let own = Array(tokens[start ..< min(start + Self.window, tokens.count)])
      let logits = Logits(run(own, forward, pages, model), workers)
      for (place, next) in own.dropFirst().enumerated() {
        let row = logits.row(place)
        surprise += Double(row.logSum - row.all[Int(next)])
        count += 1
      }
    }
    return exp(surprise / Double(count))
  }

  private func run(
    _ tokens: [Int32],
    _ forward: LanguageForward,
    _ pages: KeyValuePages,
    _ model: ServedModel
  ) -> RowBuffer {
    let intake = Intake(tokenizer: model.tokenizer, vocabularyCount: 1) {
      StreamingTokenizer(model.tokenizer, addSpecial: false)
    }
    let request = Request.test(1, .predict(PredictParameters()), on: "m")
    let sequence = Sequence(request, lane: 0, intake: intake)
    sequence.pages = (0 ..< Int32(Self.window / 16)).map { $0 }
    let rows = tokens.enumerated().map { position, token in
      Batch.Row(
        sequence: sequence,
        token: token,
        position: position,
        seen: position + 1,
        wantsLogits: true
      )
    }
    let batch = Batch(rows: rows)
    var counters = Work()
    forward.embed(batch)
    for layer in forward.weights.layers.indices {
      forward.layer(layer, batch, pages: pages, counters: &counters)
    }
    forward.score(batch, counters: &counters)
    return forward.logits
  }
}

/// News texts and their embeddings.
private struct NewsTexts {
  let checkpoint: Checkpoint
  let texts: [[UInt8]]

  /// A line is a label, a tab and a text; the first four lines are a header.
  init(countMax: Int) throws {
    checkpoint = try Checkpoint.open(path: try #require(minilm))
    let file = try String(contentsOfFile: try #require(news), encoding: .utf8)
    texts = file.split(separator: "\n").dropFirst(3).prefix(countMax).map {
      Array($0.drop { $0 != "\t" }.dropFirst().utf8)
    }
    try #require(texts.count == countMax)
  }

  func embeddings(_ weights: WeightChoice) throws -> [[Float]] {
    var limits = EngineLimits()
    limits.workers = Workers.available
    var engine = Engine(
      models: [
        try ServedModel(name: "m", checkpoint: checkpoint, weights: weights, threads: 0)
      ],
      limits: limits,
      clock: { .zero }
    )
    var parameters = EncodeParameters()
    parameters.eachPiece = true
    parameters.truncate = true
    let request = Request.test(1, .embed(parameters), on: "m", slots: texts.count + 1)
    var orders: [Order] = [.open(request)]
    orders += texts.map { .input(request.id, .text($0), weight: 1) }
    orders.append(.endOfInput(request.id))
    var vectors: [[Float]] = []
    repeat {
      for case .embedding(_, _, let vector) in engine.turn(orders) { vectors.append(vector) }
      orders = []
    } while engine.hasWork
    try #require(vectors.count == texts.count)
    return vectors
  }
}
