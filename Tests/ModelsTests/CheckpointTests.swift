import Support
import Tensors
import Testing

@testable import Models

/// Checkpoints say what they are; whatever we cannot run is refused by name.
struct CheckpointTests {
  /// A copy of the fixture `model`, after `change` replaced `old` by `new` in `file`.
  private func refusal(_ model: String, _ file: String, _ old: String, _ new: String) throws
    -> String?
  {
    let folder = try TemporaryFolder()
    try folder.copy(contentsOf: Fixtures.path("models/\(model)"))
    let bytes = Fixtures.bytes("\(folder.path)/\(file)")
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains(old), "\(file) has no \(old)")
    let changed = text.replacing(old, with: new, maxReplacements: 1)
    _ = try folder.write(Array(changed.utf8), to: file)
    return #expect(throws: FormatError.self) { try Checkpoint.open(path: folder.path) }?.reason
  }

  @Test func aCheckpointSaysWhatItIs() throws {
    let gguf = try Checkpoint.open(path: Fixtures.path("models/gguf-q8_0.gguf"))
    #expect(gguf.name == "tiny gguf-q8_0")
    #expect(gguf.format == .gguf)
    #expect(gguf.family.name == "llama")
    // Embedding (tied), final norm, and of two layers four projections, three maps, two norms.
    #expect(gguf.parameters == 48 * 32 + 32 + 2 * (3_072 + 3_072 + 64))
    let folder = try Checkpoint.open(path: Fixtures.path("models/bert-encoder") + "/")
    #expect(folder.name == "bert-encoder")
    #expect(folder.format == .safetensors)
    #expect(folder.family.name == "bert")
    let file = Fixtures.bytes(Fixtures.path("models/bert-encoder/model.safetensors"))
    var hash = SHA256()
    hash.update(file.span)
    #expect(folder.sha256() == hash.finish())
  }

  @Test func tiedHeadsShareTheirNumbers() throws {
    let tied = try Checkpoint.open(path: Fixtures.path("models/llama-f32")).llama()
    #expect(tied.configuration.tiedHead)
    #expect(tied.weights.embedding.isMapped && tied.weights.head.isMapped)
    let untied = try Checkpoint.open(path: Fixtures.path("models/llama-sharded")).llama()
    #expect(!untied.configuration.tiedHead)
    #expect(untied.weights.head.row(0) != untied.weights.embedding.row(0))
  }

  @Test func configurationsAreRead() throws {
    let wide = try Checkpoint.open(path: Fixtures.path("models/llama-wide")).llama()
    #expect(
      wide.configuration
        == LlamaConfiguration(
          layers: 2,
          width: 32,
          heads: 4,
          keyValueHeads: 1,
          headWidth: 16,
          ffnWidth: 32,
          vocabulary: 48,
          positionsMax: 64,
          rmsEpsilon: 1e-5,
          ropeBase: 100,
          ropeScaling: .llama3(
            factor: 8,
            lowFrequency: 1,
            highFrequency: 4,
            originalPositions: 16
          ),
          tiedHead: false
        )
    )
    let factors = try Checkpoint.open(path: Fixtures.path("models/gguf-factors.gguf")).llama()
    #expect(factors.configuration.ropeScaling == .factors([1, 1.5, 4, 8]))
    let linear = try Checkpoint.open(path: Fixtures.path("models/gguf-linear.gguf")).llama()
    #expect(linear.configuration.ropeScaling == .linear(factor: 2.5))
    let sharded = try Checkpoint.open(path: Fixtures.path("models/llama-sharded")).llama()
    #expect(sharded.configuration.ropeScaling == .linear(factor: 4))
    #expect(sharded.configuration.ropeBase == 500)
  }

  @Test(arguments: [
    "llama-f32", "gguf-q4_0.gguf", "bert-classifier", "gpt2", "qwen2", "qwen3", "gguf-qwen2.gguf",
    "gguf-gpt2.gguf", "roberta-encoder", "distilbert-classifier",
  ])
  func tokenizersComeAlong(name: String) throws {
    let golden = try Golden("tiny/\(name.split(separator: ".")[0])")
    let model = try Checkpoint.open(path: Fixtures.path("models/\(name)"))
    let tokenizer = try #require(model.tokenizer)
    let text = try #require(golden.json["text"]?.bytes)
    #expect(tokenizer.encode(text, addSpecial: true) == (try golden.tokens("text_tokens")))
    #expect(tokenizer.vocabularyCount == 48)
    if let pair = golden.json["pair_tokens"] {
      let ids = pair.items?.compactMap { $0.integer.map { Int32($0) } }
      #expect(tokenizer.encodePair(text, Array("a storm".utf8)).ids == ids)
    }
    if case .llama = model.family {
      #expect(tokenizer.specials.eos.first == 2)
      #expect(tokenizer.chatTemplate != nil)
    }
    #expect(try Checkpoint.open(path: Fixtures.path("models/bert-encoder")).tokenizer == nil)
  }

  @Test(arguments: [
    ("\"silu\"", "\"gelu\"", "hidden_act gelu is not read; known here is silu"),
    (
      "\"attention_bias\": false", "\"attention_bias\": true",
      "the tensor model.layers.0.self_attn.q_proj.bias is missing"
    ),
    ("\"mlp_bias\": false", "\"quantization_config\": {}", "quantization_config is set"),
    ("LlamaForCausalLM", "LlamaForTokenClassification", "LlamaForTokenClassification"),
    ("\"model_type\": \"llama\"", "\"model_type\": \"mamba\"", "the model type mamba is not read"),
    ("\"head_dim\": 8", "\"head_dim\": 7", "heads of width 7 have no pairs"),
    ("\"head_dim\": 8", "\"head_dim\": 16", "self_attn.q_proj.weight has the shape"),
    ("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "do not share 3 key heads"),
    ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "has no place"),
    ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "is missing"),
    ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 9999", "a whole number in 1 ... 512"),
    ("\"vocab_size\": 48", "\"vocab_size\": 47", "has the shape [48, 32], not [47, 32]"),
    (
      "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", "lm_head.weight is missing"
    ),
    ("\"rope_theta\": 10000.0", "\"rope_scaling\": {\"type\": \"dynamic\"}", "dynamic is not read"),
    ("\"rope_theta\": 10000.0", "\"rope_scaling\": {\"rope_type\": \"yarn\"}", "yarn is not read"),
    ("\"rope_theta\": 10000.0", "\"sliding_window\": 512", "sliding_window is set"),
    ("\"rms_norm_eps\": 1e-05", "\"rms_norm_eps\": 0", "rms_norm_eps is not a number in"),
    ("\"hidden_size\": 32", "\"hidden_size\": null", "hidden_size is missing"),
  ])
  func unknownLlamasAreRefused(old: String, new: String, reason: String) throws {
    let refusal = try refusal("llama-f32", "config.json", old, new)
    #expect(refusal?.contains(reason) == true, "\(refusal ?? "")")
  }

  @Test(arguments: [
    ("config.json", "\"gelu_new\"", "\"swish\"", "hidden_act swish is not read"),
    ("config.json", "\"absolute\"", "\"relative_key\"", "relative_key is not read"),
    ("config.json", "BertModel", "BertForMaskedLM", "BertForMaskedLM is not read"),
    ("config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "into 5 heads"),
    ("modules.json", "models.Normalize", "models.Dense", "Transformer, Pooling, Dense"),
    ("modules.json", "1_Pooling", "../1_Pooling", "no plain path"),
    ("modules.json", "1_Pooling", "2_Pooling", "is missing"),
  ])
  func unknownBertsAreRefused(file: String, old: String, new: String, reason: String) throws {
    let refusal = try refusal("bert-encoder", file, old, new)
    #expect(refusal?.contains(reason) == true, "\(refusal ?? "")")
  }

  @Test(arguments: [
    ("gpt2", "\"gelu_new\"", "\"swish\"", "activation_function swish is not read"),
    ("gpt2", "\"scale_attn_weights\": true", "\"scale_attn_weights\": false", "is false"),
    ("gpt2", "\"reorder_and_upcast_attn\": false", "\"reorder_and_upcast_attn\": true", "is set"),
    ("gpt2", "\"n_head\": 4", "\"n_head\": 5", "a width of 32 does not divide into 5 heads"),
    ("gpt2", "\"n_positions\": 64", "\"n_positions\": 65", "wpe.weight has the shape [64, 32]"),
    (
      "gpt2", "\"n_inner\": 64", "\"n_inner\": 65",
      "c_fc.weight has the shape [32, 64], not [32, 65]"
    ),
    ("gpt2", "GPT2LMHeadModel", "GPT2DoubleHeadsModel", "GPT2DoubleHeadsModel is not read"),
    ("qwen2", "\"use_sliding_window\": false", "\"use_sliding_window\": true", "is set"),
    ("qwen2", "full_attention", "sliding_attention", "layer_types has sliding_attention"),
    ("qwen2", "Qwen2ForCausalLM", "Qwen2MoeForCausalLM", "Qwen2MoeForCausalLM is not read"),
    ("qwen3", "\"head_dim\": 16", "\"head_dim\": 8", "has the shape"),
    ("qwen3", "\"qwen3\"", "\"qwen3_moe\"", "the model type qwen3_moe is not read; known are"),
    ("roberta-encoder", "RobertaModel", "XLMRobertaModel", "XLMRobertaModel is not read"),
    ("roberta-encoder", "\"roberta\"", "\"xlm-roberta\"", "the model type xlm-roberta is not read"),
    ("roberta-encoder", "\"pad_token_id\": 1", "\"pad_token_id\": 33", "in 35 ... 1048576"),
    ("roberta-classifier", "\"type_vocab_size\": 1", "\"type_vocab_size\": 2", "has the shape"),
    ("distilbert-classifier", "\"gelu\"", "\"tanh\"", "activation tanh is not read"),
    ("distilbert-classifier", "\"n_layers\": 2", "\"n_layers\": 3", "is missing"),
  ])
  func variantsOfOtherFamiliesAreRefused(
    model: String,
    old: String,
    new: String,
    reason: String
  ) throws {
    let refusal = try refusal(model, "config.json", old, new)
    #expect(refusal?.contains(reason) == true, "\(refusal ?? "")")
  }

  @Test func familiesSayWhatTheyHave() throws {
    func configuration(_ name: String) throws -> LlamaConfiguration {
      try Checkpoint.open(path: Fixtures.path("models/\(name)")).llama().configuration
    }
    for name in ["gpt2", "gguf-gpt2.gguf"] {
      let gpt2 = try configuration(name)
      #expect(gpt2.family == "gpt2" && gpt2.norm == .layer && gpt2.position == .learned)
      #expect(gpt2.feedForward == .plain(.geluTanh) && gpt2.biases.rawValue == 7)
      #expect(gpt2.tiedHead == (name == "gpt2"))
    }
    for name in ["qwen2", "gguf-qwen2.gguf"] {
      let qwen2 = try configuration(name)
      #expect(qwen2.family == "qwen2" && qwen2.biases == .queryKeyValue && !qwen2.hasHeadNorms)
    }
    for name in ["qwen3", "gguf-qwen3.gguf", "gguf-k.gguf"] {
      let qwen3 = try configuration(name)
      #expect(qwen3.family == "qwen3" && qwen3.biases == [] && qwen3.hasHeadNorms)
    }
    #expect(try configuration("llama-biased").biases.rawValue == 7)
    let model = try Checkpoint.open(path: Fixtures.path("models/distilbert-encoder"))
    #expect(model.family.name == "distilbert")
    #expect(try model.bert().configuration.typesCount == 0)
  }

  @Test func labelsAreNumberedFromZero() throws {
    let gap = try refusal(
      "bert-classifier",
      "config.json",
      "\"1\": \"stormy\"",
      "\"7\": \"stormy\""
    )
    #expect(gap == "id2label does not number 3 names from 0")
    let less = try refusal(
      "bert-classifier",
      "config.json",
      "\"1\": \"stormy\",\n",
      ""
    )
    #expect(less?.contains("id2label does not number 2 names") == true)
  }

  @Test func foreignArchitecturesInGGUFAreRefused() throws {
    let folder = try TemporaryFolder()
    var writer = GGUFWriter(tensors: 0, metadata: 1)
    writer.put("general.architecture")
    writer.put(UInt32(8))
    writer.put("bert")
    let path = try folder.write(writer.bytes, to: "bert.gguf")
    let error = #expect(throws: FormatError.self) { try Checkpoint.open(path: path) }
    #expect(
      error?.description
        == "\(path): byte 56: the architecture bert is not read; known are gpt2, llama, qwen2, qwen3"
    )
  }

  @Test(arguments: [
    ("qwen2", "\"type\": \"NFC\"", "\"type\": \"NFKC\"", "normalizer \"NFKC\" is not supported"),
    ("qwen2", "\"type\": \"BPE\"", "\"type\": \"Unigram\"", "model \"Unigram\" is not supported"),
  ])
  func modelsWithUnknownTokenizersServeTokens(
    model: String,
    old: String,
    new: String,
    gap: String
  ) throws {
    let folder = try TemporaryFolder()
    try folder.copy(contentsOf: Fixtures.path("models/\(model)"))
    let text = String(decoding: Fixtures.bytes("\(folder.path)/tokenizer.json"), as: UTF8.self)
    #expect(text.contains(old))
    _ = try folder.write(
      Array(text.replacing(old, with: new, maxReplacements: 1).utf8),
      to: "tokenizer.json"
    )
    let tokenizer = try #require(try Checkpoint.open(path: folder.path).tokenizer)
    #expect(tokenizer.gap == gap)
    // Where a text ends is known all the same, from config.json and generation_config.json.
    #expect(tokenizer.specials.eos == [2, 0])
    #expect(tokenizer.encode(Array("the".utf8), addSpecial: true) == [])
    #expect(tokenizer.decode([5, 6], skipSpecial: false) == [])
    // A tokenizer of a known kind that contradicts itself is an error still.
    let broken = try refusal(model, "tokenizer.json", "\"id\"", "\"di\"")
    #expect(broken == "an added token lacks \"content\" or a fit \"id\"")
  }

  @Test func aGGUFFileWithAnUnknownTokenizerServesTokens() throws {
    let bytes = Fixtures.bytes(Fixtures.path("models/gguf-qwen2.gguf"))
    let key = Array("tokenizer.ggml.pre".utf8)
    let place = try #require(
      bytes.indices.first { bytes[$0] == key[0] && bytes[$0...].starts(with: key) }
    )
    var changed = bytes
    // After the key: four bytes of type, eight of length, then "qwen2".
    let name = place + key.count + 12
    #expect(Array(bytes[name ..< name + 5]) == Array("qwen2".utf8))
    changed.replaceSubrange(name ..< name + 5, with: "qwen9".utf8)
    let folder = try TemporaryFolder()
    let model = try Checkpoint.open(path: try folder.write(changed, to: "model.gguf"))
    #expect(model.tokenizer?.gap?.contains("tokenizer.ggml.pre is \"qwen9\"; known are") == true)
    #expect(model.tokenizer?.specials.eos == [2])
  }

  @Test func whatIsNotThereIsSaidToBeMissing() {
    let missing = #expect(throws: FormatError.self) { try Checkpoint.open(path: "/nowhere/model") }
    #expect(missing?.reason.contains("No such file") == true)
    let bare = #expect(throws: FormatError.self) {
      try Checkpoint.open(path: Fixtures.path("models"))
    }
    #expect(bare?.reason == "is missing")
  }
}
