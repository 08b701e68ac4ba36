import Support
import Testing

@testable import Models

/// Errors about a value point at its first byte.
struct PlaceTests {
  @Test func valuesOfATextHavePlaces() {
    let text = Array(#" {"a": [10, {"b\u0041": 1}, []], "c" : {}, "é": "x"}"#.utf8)
    func place(_ steps: ValueStep...) -> Int? { JSON.place(of: steps, in: text, base: 100) }
    #expect(place() == 101)
    #expect(place("a") == 107)
    #expect(place("a", 0) == 108)
    #expect(place("a", 1, "bA") == 124)
    #expect(place("a", 2) == 128)
    #expect(place("c") == 139)
    // Two ways to compose one letter are two keys.
    #expect(place("é") == 149)
    #expect(place("e\u{301}") == nil)
    for steps: [ValueStep] in [["b"], ["a", 3], ["a", 2, 0], ["c", "a"], ["a", "b"], [0]] {
      #expect(JSON.place(of: steps, in: text) == nil)
    }
    #expect(JSON.place(of: [], in: []) == 0)
    #expect(JSON.place(of: ["a"], in: []) == nil)
  }

  @Test func valuesOfAGGUFFileHavePlaces() throws {
    let file = try GGUF(path: Fixtures.path("models/gguf-q4_0.gguf"))
    let bytes = Fixtures.bytes(file.path)
    let tokens = try #require(try file.vocabulary()).tokens
    for (number, token) in tokens.enumerated() {
      let place = try #require(file.place(of: ["tokenizer.ggml.tokens", .item(number)]))
      #expect(Int(bytes[place]) == token.count)
      #expect(Array(bytes[(place + 8)...].prefix(token.count)) == token)
    }
    #expect(file.place(of: ["tokenizer.ggml.tokens", .item(tokens.count)]) == nil)
    let heads = try #require(file.place(of: ["llama.attention.head_count"]))
    #expect(try file.integer("llama.attention.head_count", 1 ... 99) == Int(bytes[heads]))
    #expect(file.place(of: ["llama.no_such_key"]) == nil)
    #expect(file.place(of: []) == nil)
  }

  /// `^` stands before the byte that is to blame.
  @Test(arguments: [
    ("llama-f32", "config.json", "\"silu\"", "^\"gdlu\""),
    ("llama-f32", "config.json", "\"llama\"", "^\"mamba\""),
    ("llama-f32", "config.json", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": ^3"),
    ("llama-f32", "config.json", "\"head_dim\": 8", "\"head_dim\": ^7"),
    ("llama-f32", "config.json", "\"vocab_size\": 48", "\"vocab_size\": ^-1"),
    ("llama-f32", "config.json", "\"hidden_size\": 32", "\"hidden_size\": ^null"),
    (
      "llama-f32", "config.json", "\"rope_theta\": 10000.0",
      "\"rope_scaling\": {\"type\": ^\"dynamic\"}"
    ),
    (
      "llama-f32", "config.json", "\"rope_theta\": 10000.0",
      "\"rope_scaling\": ^{\"type\": \"linear\"}"
    ),
    ("gpt2", "config.json", "\"n_head\": 4", "\"n_head\": ^5"),
    ("qwen2", "config.json", "full_attention\"\n", "full_attention\", ^3\n"),
    ("qwen2", "generation_config.json", "\"eos_token_id\": [", "\"eos_token_id\": ^[48,"),
    ("bert-encoder", "config.json", "\"absolute\"", "^\"relative_key\""),
    ("bert-encoder", "modules.json", "[\n {", "[\n ^{}, {"),
    ("bert-classifier", "config.json", "\"1\": \"stormy\"", "\"7\": ^\"stormy\""),
    ("bert-classifier", "tokenizer.json", "[\n          3\n", "[\n          ^99\n"),
    ("llama-f32", "tokenizer.json", "\"merges\": [", "\"merges\": [^\"no such\","),
    ("llama-f32", "tokenizer.json", "\"added_tokens\": [", "\"added_tokens\": [^{\"id\": 1},"),
    (
      "llama-sharded", "model.safetensors.index.json", "\"model-00001-of-00002.safetensors\"",
      "^\"../3.safetensors\""
    ),
  ])
  func theValueIsToBlame(model: String, file: String, old: String, new: String) throws {
    let folder = try TemporaryFolder()
    try folder.copy(contentsOf: Fixtures.path("models/\(model)"))
    let path = "\(folder.path)/\(file)"
    let text = String(decoding: Fixtures.bytes(path), as: UTF8.self)
    #expect(text.contains(old), "\(text)")
    let marked = text.replacing(old, with: new, maxReplacements: 1)
    let place = try #require(Array(marked.utf8).firstIndex(of: UInt8(ascii: "^")))
    _ = try folder.write(Array(marked.replacing("^", with: "").utf8), to: file)
    let error = #expect(throws: FormatError.self) { try Checkpoint.open(path: folder.path) }
    #expect(error?.path == path && error?.offset == place, "\(place): \(error?.description ?? "")")
  }

  @Test func aMissingTensorIsMissingFromItsFile() throws {
    for (model, listing) in [
      ("llama-f32", "model.safetensors"), ("llama-sharded", "model.safetensors.index.json"),
    ] {
      let folder = try TemporaryFolder()
      try folder.copy(contentsOf: Fixtures.path("models/\(model)"))
      let path = "\(folder.path)/config.json"
      let text = String(decoding: Fixtures.bytes(path), as: UTF8.self)
      let more = text.replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 3")
      _ = try folder.write(Array(more.utf8), to: "config.json")
      let error = #expect(throws: FormatError.self) { try Checkpoint.open(path: folder.path) }
      #expect(error?.path == "\(folder.path)/\(listing)")
      #expect(error?.reason.hasSuffix(" is missing") == true)
    }
  }
}
