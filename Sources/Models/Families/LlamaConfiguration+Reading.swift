extension LlamaConfiguration {
  /// Reads the `config.json` of a Hugging Face directory.
  init(_ file: ConfigurationFile) throws(FormatError) {
    try file.checkArchitecture(["LlamaForCausalLM"])
    try Self.refuseVariants(file)
    width = try file.integer("hidden_size", 1 ... ModelLimits.widthMax)
    layers = try file.integer("num_hidden_layers", 1 ... ModelLimits.layersMax)
    heads = try file.integer("num_attention_heads", 1 ... ModelLimits.headsMax)
    keyValueHeads = try file.integer(
      "num_key_value_heads",
      1 ... ModelLimits.headsMax,
      default: heads
    )
    headWidth = try file.integer("head_dim", 1 ... ModelLimits.widthMax, default: width / heads)
    ffnWidth = try file.integer("intermediate_size", 1 ... ModelLimits.ffnWidthMax)
    vocabulary = try file.integer("vocab_size", 1 ... ModelLimits.vocabularyMax)
    positionsMax = try file.integer(
      "max_position_embeddings",
      1 ... ModelLimits.positionsMax,
      default: 2_048
    )
    rmsEpsilon = Float(try file.number("rms_norm_eps", 1e-12 ... 0.1, default: 1e-6))
    let rope = try file.section("rope_parameters", or: "rope_scaling")
    let baseFile = rope?.value("rope_theta") == nil ? file : rope ?? file
    ropeBase = try baseFile.number("rope_theta", 1 ... 1e12, default: 10_000)
    ropeScaling = try RopeScaling(rope)
    tiedHead = try file.bool("tie_word_embeddings", default: false)
    if let fault { throw file.blame(fault) }
  }

  /// Settings under which a Llama is not the Llama that we compute.
  private static func refuseVariants(_ file: ConfigurationFile) throws(FormatError) {
    try file.refuse("quantization_config", unless: [])
    try file.refuse("auto_map", unless: [])
    try file.refuse("attention_bias")
    try file.refuse("mlp_bias")
    try file.refuse("rope_interleaved")
    try file.refuse("sliding_window", unless: [])
    try file.refuse("partial_rotary_factor", unless: [.integer(1), .number(1)])
    if let activation = try file.text("hidden_act"), activation != "silu" {
      throw file.blame("hidden_act \(activation) is not read; known here is silu")
    }
  }

  /// Reads the metadata of a GGUF file whose architecture is `llama`.
  ///
  /// - Parameters:
  ///   - gguf: the file.
  ///   - tiedHead: whether the file lacks an output head of its own.
  ///   - ropeFactors: of the file's `rope_freqs` tensor, if it has one.
  /// - Throws: `FormatError` that names the key.
  init(_ gguf: GGUF, tiedHead: Bool, ropeFactors: [Float]?) throws(FormatError) {
    func required(_ key: String, _ limit: Int) throws(FormatError) -> Int {
      guard let value = try gguf.integer("llama.\(key)", 1 ... limit) else {
        throw FormatError(path: gguf.path, reason: "llama.\(key) is missing")
      }
      return value
    }
    func number(_ key: String, _ range: ClosedRange<Double>) throws(FormatError) -> Double? {
      guard let value = try gguf.number("llama.\(key)") else { return nil }
      guard range.contains(value) else {
        throw FormatError(
          path: gguf.path,
          reason: "llama.\(key) is not in \(range.lowerBound) ... \(range.upperBound)"
        )
      }
      return value
    }
    width = try required("embedding_length", ModelLimits.widthMax)
    layers = try required("block_count", ModelLimits.layersMax)
    heads = try required("attention.head_count", ModelLimits.headsMax)
    keyValueHeads =
      try gguf.integer("llama.attention.head_count_kv", 1 ... ModelLimits.headsMax) ?? heads
    headWidth =
      try gguf.integer("llama.attention.key_length", 1 ... ModelLimits.widthMax) ?? width / heads
    ffnWidth = try required("feed_forward_length", ModelLimits.ffnWidthMax)
    positionsMax = try required("context_length", ModelLimits.positionsMax)
    vocabulary = try Self.vocabulary(gguf)
    guard let epsilon = try number("attention.layer_norm_rms_epsilon", 1e-12 ... 0.1) else {
      throw FormatError(
        path: gguf.path,
        reason: "llama.attention.layer_norm_rms_epsilon is missing"
      )
    }
    rmsEpsilon = Float(epsilon)
    ropeBase = try number("rope.freq_base", 1 ... 1e12) ?? 10_000
    ropeScaling = try RopeScaling(gguf, factors: ropeFactors)
    self.tiedHead = tiedHead
    try checkWidths(gguf)
    if let fault { throw FormatError(path: gguf.path, reason: fault) }
  }

  private static func vocabulary(_ gguf: GGUF) throws(FormatError) -> Int {
    if let count = try gguf.integer("llama.vocab_size", 1 ... ModelLimits.vocabularyMax) {
      return count
    }
    guard case .array(let tokens) = gguf.metadata["tokenizer.ggml.tokens"], !tokens.isEmpty,
      tokens.count <= ModelLimits.vocabularyMax
    else {
      throw FormatError(
        path: gguf.path,
        reason: "neither llama.vocab_size nor tokenizer.ggml.tokens is there"
      )
    }
    return tokens.count
  }

  private func checkWidths(_ gguf: GGUF) throws(FormatError) {
    for key in ["llama.rope.dimension_count", "llama.attention.value_length"] {
      if let value = try gguf.integer(key, 1 ... ModelLimits.widthMax), value != headWidth {
        throw FormatError(
          path: gguf.path,
          reason: "\(key) is \(value), but heads are \(headWidth) wide"
        )
      }
    }
    if let experts = try gguf.integer("llama.expert_count", 0 ... Int.max), experts > 0 {
      throw FormatError(
        path: gguf.path,
        reason: "has \(experts) experts; mixtures of experts are not read"
      )
    }
  }

  /// Why the numbers do not fit each other, or nil if they do.
  private var fault: String? {
    if heads % keyValueHeads != 0 {
      return "\(heads) query heads do not share \(keyValueHeads) key heads evenly"
    }
    if headWidth < 2 || headWidth % 2 != 0 {
      return "heads of width \(headWidth) have no pairs for rotary positions"
    }
    if queryWidth > ModelLimits.widthMax {
      return "\(heads) heads of \(headWidth) are wider than \(ModelLimits.widthMax)"
    }
    if case .factors(let factors) = ropeScaling, factors.count != headWidth / 2 {
      return "\(factors.count) rotary factors for heads of width \(headWidth)"
    }
    if !ModelLimits.canCount(Cost(self), positions: positionsMax) {
      return "one context of \(positionsMax) positions is more work than 64 bits can count"
    }
    return nil
  }
}
