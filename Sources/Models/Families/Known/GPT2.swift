/// GPT-2: layer norms, learned positions, plain neurons, biases everywhere.
///
/// Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
enum GPT2: DecoderFamily {
  static let name = "gpt2"
  static let classes = ["GPT2LMHeadModel"]

  static func configuration(_ file: ConfigurationFile) throws(FormatError) -> LlamaConfiguration {
    try refuseVariants(file)
    let width = try file.integer("n_embd", 1 ... ModelLimits.widthMax, default: 768)
    let heads = try file.integer("n_head", 1 ... ModelLimits.headsMax, default: 12)
    var configuration = LlamaConfiguration(
      layers: try file.integer("n_layer", 1 ... ModelLimits.layersMax, default: 12),
      width: width,
      heads: heads,
      keyValueHeads: heads,
      headWidth: width / heads,
      ffnWidth: try file.integer("n_inner", 1 ... ModelLimits.ffnWidthMax, default: 4 * width),
      vocabulary: try file.integer("vocab_size", 1 ... ModelLimits.vocabularyMax, default: 50_257),
      positionsMax: try file.integer("n_positions", 1 ... ModelLimits.positionsMax, default: 1_024),
      rmsEpsilon: Float(try file.number("layer_norm_epsilon", 1e-12 ... 0.1, default: 1e-5)),
      ropeBase: 10_000,
      ropeScaling: .none,
      tiedHead: try file.bool("tie_word_embeddings", default: true)
    )
    makeGPT2(&configuration)
    let activation = try file.text("activation_function") ?? "gelu_new"
    configuration.feedForward = .plain(
      try BertConfiguration.Activation(named: activation, "activation_function", in: file)
    )
    if let fault = configuration.fault {
      throw file.blame(
        fault,
        keys: [.width: "n_embd", .heads: "n_head", .positions: "n_positions"]
      )
    }
    return configuration
  }

  /// What transformers can be told to do otherwise.
  private static func refuseVariants(_ file: ConfigurationFile) throws(FormatError) {
    try file.refuse("quantization_config", unless: [])
    try file.refuse("auto_map", unless: [])
    try file.refuse("add_cross_attention")
    try file.refuse("scale_attn_by_inverse_layer_idx")
    try file.refuse("reorder_and_upcast_attn")
    guard try file.bool("scale_attn_weights", default: true) else {
      throw file.blame(
        "scale_attn_weights is false; such models are not read",
        key: "scale_attn_weights"
      )
    }
  }

  /// What every GPT-2 is.
  private static func makeGPT2(_ configuration: inout LlamaConfiguration) {
    configuration.family = name
    configuration.norm = .layer
    configuration.position = .learned
    configuration.feedForward = .plain(.geluTanh)
    configuration.biases = [.queryKeyValue, .attentionOutput, .feedForward]
  }

  static func names(_ shelf: WeightShelf) -> DecoderNames {
    let prefix = shelf.contains("transformer.wte.weight") ? "transformer." : ""
    return DecoderNames(
      embedding: "\(prefix)wte.weight",
      finalNorm: "\(prefix)ln_f",
      head: "lm_head.weight",
      attentionNorm: "\(prefix)h.*.ln_1",
      query: "",
      key: "",
      value: "",
      output: "\(prefix)h.*.attn.c_proj",
      ffnNorm: "\(prefix)h.*.ln_2",
      up: "\(prefix)h.*.mlp.c_fc",
      down: "\(prefix)h.*.mlp.c_proj",
      positionEmbedding: "\(prefix)wpe.weight",
      queryKeyValue: "\(prefix)h.*.attn.c_attn",
      isTransposed: true
    )
  }

  /// The causal mask, which older files hold.
  static func isBuffer(_ name: String) -> Bool {
    name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias")
  }

  static func configuration(_ gguf: GGUF, _ shelf: inout WeightShelf)
    throws(FormatError) -> LlamaConfiguration
  {
    var configuration = try LlamaConfiguration(
      gguf,
      family: name,
      tiedHead: !shelf.contains(ggufNames.head),
      norm: .layer,
      position: .learned
    )
    makeGPT2(&configuration)
    return configuration
  }

  static var ggufNames: DecoderNames {
    var names = DecoderNames.gguf
    names.queryKeyValue = "blk.*.attn_qkv"
    return names
  }
}
