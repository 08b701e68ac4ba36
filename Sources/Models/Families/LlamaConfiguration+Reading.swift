extension LlamaConfiguration {
  /// Reads the keys of a `config.json` that Llama and its descendants share.
  ///
  /// - Parameters:
  ///   - file: the `config.json`.
  ///   - family: the name of the family.
  ///   - positions: the longest sequence where the file does not say.
  ///   - defaultHeadWidth: of one head where the file does not say; nil divides the width by the heads.
  /// - Throws: `FormatError` that names the key.
  init(
    _ file: ConfigurationFile,
    family: String,
    positions: Int,
    defaultHeadWidth: Int? = nil
  ) throws(FormatError) {
    width = try file.integer("hidden_size", 1 ... ModelLimits.widthMax)
    layers = try file.integer("num_hidden_layers", 1 ... ModelLimits.layersMax)
    heads = try file.integer("num_attention_heads", 1 ... ModelLimits.headsMax)
    keyValueHeads = try file.integer(
      "num_key_value_heads",
      1 ... ModelLimits.headsMax,
      default: heads
    )
    headWidth = try file.integer(
      "head_dim",
      1 ... ModelLimits.widthMax,
      default: defaultHeadWidth ?? width / heads
    )
    ffnWidth = try file.integer("intermediate_size", 1 ... ModelLimits.ffnWidthMax)
    vocabulary = try file.integer("vocab_size", 1 ... ModelLimits.vocabularyMax)
    positionsMax = try file.integer(
      "max_position_embeddings",
      1 ... ModelLimits.positionsMax,
      default: positions
    )
    rmsEpsilon = Float(try file.number("rms_norm_eps", 1e-12 ... 0.1, default: 1e-6))
    let rope = try file.section("rope_parameters", or: "rope_scaling")
    let baseFile = rope?.value("rope_theta") == nil ? file : rope ?? file
    ropeBase = try baseFile.number("rope_theta", 1 ... 1e12, default: 10_000)
    ropeScaling = try RopeScaling(rope)
    tiedHead = try file.bool("tie_word_embeddings", default: false)
    self.family = family
    try Self.refuseVariants(file)
    if let fault { throw file.blame(fault, keys: Self.keys) }
  }

  private static let keys: [ShapeFault.Field: String] = [
    .width: "hidden_size", .heads: "num_attention_heads", .keyValueHeads: "num_key_value_heads",
    .headWidth: "head_dim", .positions: "max_position_embeddings",
  ]

  /// Settings under which none of these models is the one that we compute.
  private static func refuseVariants(_ file: ConfigurationFile) throws(FormatError) {
    try file.refuse("quantization_config", unless: [])
    try file.refuse("auto_map", unless: [])
    try file.refuse("rope_interleaved")
    try file.refuse("partial_rotary_factor", unless: [.integer(1), .number(1)])
    if let activation = try file.text("hidden_act"), activation != "silu" {
      throw file.blame(
        "hidden_act \(activation) is not read; known here is silu",
        key: "hidden_act"
      )
    }
    let kinds = file.value("layer_types")?.items ?? []
    for (number, kind) in kinds.enumerated() where kind.text != "full_attention" {
      throw file.blame(
        "layer_types has \(kind.text ?? "no name"); known here is full_attention",
        at: ["layer_types", .item(number)]
      )
    }
  }
}
