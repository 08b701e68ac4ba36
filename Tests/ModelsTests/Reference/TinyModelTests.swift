import Models
import Support
import Tensors
import Testing

/// Tiny random models answer as independent implementations do, from every format.
struct TinyModelTests {
  @Test(arguments: [
    "llama-f32", "llama-f16", "llama-bf16", "llama-sharded", "llama-wide", "gguf-f32.gguf",
    "gguf-f16.gguf", "gguf-bf16.gguf", "gguf-q8_0.gguf", "gguf-q4_0.gguf", "gguf-q4_1.gguf",
    "gguf-linear.gguf", "gguf-factors.gguf", "llama-biased", "gpt2", "qwen2", "qwen3",
    "gguf-biased.gguf", "gguf-gpt2.gguf", "gguf-qwen2.gguf", "gguf-qwen3.gguf", "gguf-k.gguf",
  ])
  func logitsAreTransformers(name: String) throws {
    let golden = try Golden("tiny/\(name.split(separator: ".")[0])")
    let model = try Checkpoint.open(path: Fixtures.path("models/\(name)"))
    let logits = try model.llama().logits(golden.tokens("tokens"))
    #expect(logits.shape == [12, 48])
    let distance = relativeDistance(logits.values, try golden.floats("logits"))
    #expect(distance <= 1e-5)
    print("tiny \(name): max |Δ| / max |logit| = \(distance)")
  }

  @Test func bertClassifies() throws {
    let golden = try Golden("tiny/bert-classifier")
    let model = try Checkpoint.open(path: Fixtures.path("models/bert-classifier")).bert()
    let tokens = try golden.tokens("tokens")
    let types = try golden.tokens("types")
    #expect(model.configuration.labels == ["calm", "stormy", "drizzle"])
    #expect(model.configuration.problem == .singleLabel)
    let hidden = model.hidden(tokens, types: types)
    #expect(relativeDistance(hidden.values, try golden.floats("hidden")) <= 1e-5)
    let logits = model.classify(tokens, types: types)
    #expect(relativeDistance(logits, try golden.floats("logits")) <= 1e-5)
    // Without the files of sentence-transformers: the mean, not normalized.
    let embedding = model.embed(tokens, types: types)
    #expect(relativeDistance(embedding, try golden.floats("embedding")) <= 1e-5)
  }

  @Test func bertEmbeds() throws {
    let golden = try Golden("tiny/bert-encoder")
    let model = try Checkpoint.open(path: Fixtures.path("models/bert-encoder")).bert()
    #expect(model.configuration.pooling == .cls)
    #expect(model.configuration.normalize)
    #expect(model.configuration.activation == .geluTanh)
    #expect(model.configuration.sequenceMax == 24)
    #expect(model.configuration.labels.isEmpty && !model.configuration.hasPooler)
    let tokens = try golden.tokens("tokens")
    let hidden = model.hidden(tokens)
    #expect(relativeDistance(hidden.values, try golden.floats("hidden")) <= 1e-5)
    let embedding = model.embed(tokens)
    #expect(relativeDistance(embedding, try golden.floats("embedding")) <= 1e-5)
  }

  @Test(arguments: [
    "roberta-classifier", "roberta-encoder", "distilbert-classifier", "distilbert-encoder",
  ])
  func encodersAnswerAsTransformers(name: String) throws {
    let golden = try Golden("tiny/\(name)")
    let model = try Checkpoint.open(path: Fixtures.path("models/\(name)")).bert()
    let tokens = try golden.tokens("tokens")
    let hidden = model.hidden(tokens)
    #expect(hidden.shape == [12, 32])
    #expect(relativeDistance(hidden.values, try golden.floats("hidden")) <= 1e-5)
    #expect(relativeDistance(model.embed(tokens), try golden.floats("embedding")) <= 1e-5)
    // The last position that the table has is there as well, and none beyond.
    #expect(model.configuration.positionsMax == 32)
    #expect(model.weights.positionEmbedding.outputs == 32)
    guard golden.json["logits"] != nil else {
      #expect(model.configuration.labels.isEmpty)
      return
    }
    #expect(model.configuration.labels == ["calm", "stormy", "drizzle"])
    #expect(relativeDistance(model.classify(tokens), try golden.floats("logits")) <= 1e-5)
  }
}
