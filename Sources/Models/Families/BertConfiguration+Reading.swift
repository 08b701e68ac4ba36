extension BertConfiguration {
  /// Reads the keys of a `config.json` that BERT and RoBERTa share; pooling comes from elsewhere.
  ///
  /// - Parameters:
  ///   - file: the `config.json`.
  ///   - recipe: how the directory says that texts are pooled.
  ///   - found: which heads the weights hold.
  ///   - skippedPositions: rows of the position table that no token has.
  ///   - types: segments where the file does not say.
  /// - Throws: `FormatError` that names the key.
  init(
    _ file: ConfigurationFile,
    recipe: PoolingRecipe,
    heads found: EncoderHeads,
    skippedPositions: Int = 0,
    typesCount types: Int
  ) throws(FormatError) {
    try Self.refuseVariants(file)
    layers = try file.integer("num_hidden_layers", 1 ... ModelLimits.layersMax)
    width = try file.integer("hidden_size", 1 ... ModelLimits.widthMax)
    heads = try file.integer("num_attention_heads", 1 ... ModelLimits.headsMax)
    ffnWidth = try file.integer("intermediate_size", 1 ... ModelLimits.ffnWidthMax)
    vocabulary = try file.integer("vocab_size", 1 ... ModelLimits.vocabularyMax)
    let rows = try file.integer(
      "max_position_embeddings",
      skippedPositions + 1 ... ModelLimits.positionsMax,
      default: 512
    )
    positionsMax = rows - skippedPositions
    sequenceMax = min(recipe.sequenceMax ?? positionsMax, positionsMax)
    typesCount = try file.integer("type_vocab_size", 1 ... ModelLimits.typesMax, default: types)
    layerNormEpsilon = Float(try file.number("layer_norm_eps", 1e-13 ... 0.1, default: 1e-12))
    let name = try file.text("hidden_act") ?? "gelu"
    activation = try Activation(named: name, "hidden_act", in: file)
    pooling = recipe.pooling
    normalize = recipe.normalize
    labels = found.hasClassifier ? try Self.labels(file) : []
    problem = try Self.problem(file, labels: labels.count)
    hasPooler = found.hasPooler
    if let fault { throw file.blame(fault, keys: Self.keys) }
  }

  private static let keys: [ShapeFault.Field: String] = [
    .width: "hidden_size", .heads: "num_attention_heads", .positions: "max_position_embeddings",
  ]

  /// Settings under which none of these encoders is the one that we compute.
  private static func refuseVariants(_ file: ConfigurationFile) throws(FormatError) {
    try file.refuse("quantization_config", unless: [])
    try file.refuse("auto_map", unless: [])
    try file.refuse("is_decoder")
    try file.refuse("add_cross_attention")
    let key = "position_embedding_type"
    if let kind = try file.text(key), kind != "absolute" {
      throw file.blame("\(key) \(kind) is not read; known here is absolute", key: key)
    }
  }

  /// Unless named, one label alone is true or not, and of several one is true.
  static func problem(_ file: ConfigurationFile, labels: Int) throws(FormatError) -> Problem {
    guard let name = try file.text("problem_type") else {
      return labels == 1 ? .multiLabel : .singleLabel
    }
    guard let problem = Problem(rawValue: name) else {
      throw file.blame("problem_type \(name) is not known", key: "problem_type")
    }
    return problem
  }

  /// The names in `id2label`, in order; without it `num_labels`, 2 by default, are numbered.
  static func labels(_ file: ConfigurationFile) throws(FormatError) -> [String] {
    guard let section = try file.section("id2label"), let members = section.json.members else {
      let count = try file.integer("num_labels", 1 ... ModelLimits.labelsMax, default: 2)
      return (0 ..< count).map { "LABEL_\($0)" }
    }
    guard (1 ... ModelLimits.labelsMax).contains(members.count) else {
      throw section.blame(
        "id2label names \(members.count) labels, not 1 ... \(ModelLimits.labelsMax)",
        at: []
      )
    }
    var labels = [String?](repeating: nil, count: members.count)
    for member in members {
      guard let index = Int(String(decoding: member.key, as: UTF8.self)),
        labels.indices.contains(index), labels[index] == nil, let label = member.value.text
      else {
        throw section.blame(
          "id2label does not number \(members.count) names from 0",
          at: [.key(member.key)]
        )
      }
      labels[index] = label
    }
    return labels.compactMap { $0 }
  }
}

extension BertConfiguration.Activation {
  /// The activation that transformers calls `name`, under `key` of `file`.
  init(named name: String, _ key: String, in file: ConfigurationFile) throws(FormatError) {
    switch name {
    case "gelu": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh": self = .geluTanh
    case "relu": self = .relu
    default:
      throw file.blame(
        "\(key) \(name) is not read; known are gelu, gelu_new, gelu_pytorch_tanh, relu",
        key: key
      )
    }
  }
}
