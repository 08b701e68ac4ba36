import Foundation
import Models
import Support
import Tensors
import Testing

private let smollm2 = ModelCache.path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
private let minilm = ModelCache.path("minilm/config.json").map { String($0.dropLast(12)) }

/// Floats that a golden safetensors file holds.
private struct GoldenTensors {
  let tensors: [String: StoredTensor]

  init(path: String) throws {
    let file = try Safetensors(path: path)
    tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
  }

  func tensor(_ name: String) throws -> Tensor {
    let stored = try #require(tensors[name])
    return Tensor(
      shape: stored.shape,
      values: stored.file.floats(.f32, at: stored.offset, count: stored.count)
    )
  }
}

/// SmolLM2 answers as an independent float32 forward of its dequantized weights does.
@Suite(.enabled(if: smollm2 != nil), .serialized)
struct SmolLM2Tests {
  private let model: LlamaReference
  private let tokenizer: Tokenizer
  private let golden: Golden

  init() throws {
    let checkpoint = try Checkpoint.open(path: try #require(smollm2))
    model = try checkpoint.llama()
    tokenizer = try #require(checkpoint.tokenizer)
    golden = try Golden("real/smollm2")
  }

  /// The bound of the issue: max |Δ| ≤ 1e-4 · max |logit|, at every position.
  private let bound: Float = 1e-4

  @Test func logitsAtEveryPosition() throws {
    let answers = try GoldenTensors(path: Fixtures.path("golden/real/smollm2.safetensors"))
    let columns = try golden.tokens("columns").map(Int.init)
    let prompts = try #require(golden.json["prompts"]?.items)
    var worst: Float = 0
    for (index, prompt) in prompts.enumerated() {
      let tokens = try numbers(prompt, "tokens")
      let argmax = try numbers(prompt, "argmax")
      #expect(tokenizer.encode(try #require(prompt["text"]?.bytes), addSpecial: false) == tokens)
      let logits = model.logits(tokens)
      let wanted = try answers.tensor("columns.\(index)")
      let largest = try answers.tensor("largest.\(index)").values
      let top = try answers.tensor("top.\(index)").values
      for position in tokens.indices {
        let row = logits.row(position)
        let picked = columns.map { row[$0] } + [row[Int(argmax[position])]]
        let distance = distance(picked, wanted.row(position) + [top[position]]) / largest[position]
        worst = max(worst, distance)
        #expect(distance <= bound, "prompt \(index), position \(position)")
        #expect(row.allSatisfy { $0 <= top[position] + bound * largest[position] })
      }
    }
    Figures.record(
      "reference: max |Δ| / max |logit| to PyTorch float32",
      "\(worst)",
      "SmolLM2, 257 fixed columns at every position of 3 prompts"
    )
  }

  @Test(.enabled(if: Fixtures.bytes(wholeLogits).count > 0))
  func logitsOverTheWholeVocabulary() throws {
    let answers = try GoldenTensors(path: wholeLogits)
    let prompts = try #require(golden.json["prompts"]?.items)
    var worst: Float = 0
    for (index, prompt) in prompts.enumerated() {
      let logits = model.logits(try numbers(prompt, "tokens"))
      let wanted = try answers.tensor("logits.\(index)")
      #expect(logits.shape == wanted.shape)
      for position in 0 ..< logits.rows {
        let distance = relativeDistance(logits.row(position), wanted.row(position))
        worst = max(worst, distance)
        #expect(distance <= bound, "prompt \(index), position \(position)")
      }
    }
    Figures.record(
      "reference: max |Δ| / max |logit| to PyTorch float32",
      "\(worst)",
      "SmolLM2, whole vocabulary at every position of 3 prompts"
    )
  }

  /// One pass over prompt and answer: its argmax at every place is what greedy decoding would pick.
  @Test func greedyTextOfTenPrompts() throws {
    let runs = try #require(golden.json["greedy"]?.items)
    #expect(runs.count == 10)
    for run in runs {
      let prompt = try numbers(run, "prompt")
      let answer = try numbers(run, "answer")
      let gaps = try #require(run["gaps"]?.items).compactMap(\.number)
      #expect(tokenizer.encode(try #require(run["text"]?.bytes), addSpecial: false) == prompt)
      #expect(answer.count == 64)
      let logits = model.logits(prompt + answer.dropLast())
      for (step, token) in answer.enumerated() {
        let row = logits.row(prompt.count - 1 + step)
        let picked = row.indices.max { row[$0] < row[$1] }
        guard picked != Int(token) else { continue }
        print("smollm2: a split at step \(step) of \(run["text"]?.text ?? ""): \(gaps[step])")
        #expect(gaps[step] < 1e-3, "step \(step) picks \(picked ?? -1), not \(token)")
      }
    }
  }

  @Test func perplexityOfHamlet() throws {
    let passage = try #require(golden.json["passage"])
    let tokens = try numbers(passage, "tokens")
    let wanted = try #require(passage["perplexity"]?.number)
    #expect(tokenizer.encode(try #require(passage["text"]?.bytes), addSpecial: false) == tokens)
    let logits = model.logits(tokens)
    var sum = 0.0
    for (position, next) in tokens.dropFirst().enumerated() {
      let row = logits.row(position)
      let highest = Double(row.max() ?? 0)
      let total = row.reduce(0.0) { $0 + exp(Double($1) - highest) }
      sum += Double(row[Int(next)]) - highest - log(total)
    }
    let perplexity = exp(-sum / Double(tokens.count - 1))
    Figures.record(
      "reference: perplexity, PyTorch's \(wanted)",
      "\(perplexity)",
      "SmolLM2, \(tokens.count) tokens of Hamlet"
    )
    #expect(abs(perplexity / wanted - 1) < 1e-3)
  }

  private func numbers(_ json: JSON, _ key: String) throws -> [Int32] {
    try #require(json[key]?.items).compactMap { $0.integer.map { Int32($0) } }
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Float {
    a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
  }
}

private let wholeLogits = "\(Repository.root)/.cache/oracle/smollm2-logits.safetensors"

/// MiniLM embeds as PyTorch does in float32.
@Suite(.enabled(if: minilm != nil))
struct MiniLMTests {
  @Test func twoHundredSentences() throws {
    let checkpoint = try Checkpoint.open(path: try #require(minilm))
    let model = try checkpoint.bert()
    let tokenizer = try #require(checkpoint.tokenizer)
    #expect(model.configuration.pooling == .mean && model.configuration.normalize)
    let golden = try Golden("real/minilm")
    let answers = try GoldenTensors(path: Fixtures.path("golden/real/minilm.safetensors"))
    let wanted = try answers.tensor("embeddings")
    let sentences = try #require(golden.json["sentences"]?.items)
    #expect(sentences.count == 200)
    var worst = 1.0
    for (index, sentence) in sentences.enumerated() {
      let tokens = try #require(sentence["tokens"]?.items).compactMap {
        $0.integer.map { Int32($0) }
      }
      #expect(tokenizer.encode(try #require(sentence["text"]?.bytes), addSpecial: true) == tokens)
      let likeness = cosine(model.embed(tokens), wanted.row(index))
      worst = min(worst, likeness)
      #expect(likeness >= 0.99999, "sentence \(index)")
    }
    Figures.record(
      "reference: least cosine to PyTorch float32",
      "\(worst)",
      "MiniLM, 200 sentences"
    )
  }
}
