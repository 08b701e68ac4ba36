extension BertConfiguration {
  /// Reads the `config.json` of a Hugging Face directory; pooling comes from elsewhere.
  ///
  /// - Parameters:
  ///   - file: the `config.json`.
  ///   - recipe: how the directory says that texts are pooled.
  ///   - hasPooler: whether the weights hold a pooler.
  ///   - hasClassifier: whether the weights hold a classification head.
  /// - Throws: `FormatError` that names the key.
  init(
    _ file: ConfigurationFile,
    recipe: PoolingRecipe,
    hasPooler: Bool,
    hasClassifier: Bool
  ) throws(FormatError) {
    try file.checkArchitecture(["BertModel", "BertForSequenceClassification"])
    try Self.refuseVariants(file)
    layers = try file.integer("num_hidden_layers", 1 ... ModelLimits.layersMax)
    width = try file.integer("hidden_size", 1 ... ModelLimits.widthMax)
    heads = try file.integer("num_attention_heads", 1 ... ModelLimits.headsMax)
    ffnWidth = try file.integer("intermediate_size", 1 ... ModelLimits.ffnWidthMax)
    vocabulary = try file.integer("vocab_size", 1 ... ModelLimits.vocabularyMax)
    positionsMax = try file.integer(
      "max_position_embeddings",
      1 ... ModelLimits.positionsMax,
      default: 512
    )
    sequenceMax = min(recipe.sequenceMax ?? positionsMax, positionsMax)
    typesCount = try file.integer("type_vocab_size", 1 ... ModelLimits.typesMax, default: 2)
    layerNormEpsilon = Float(try file.number("layer_norm_eps", 1e-13 ... 0.1, default: 1e-12))
    activation = try Self.activation(file)
    pooling = recipe.pooling
    normalize = recipe.normalize
    labels = hasClassifier ? try Self.labels(file) : []
    problem = try Self.problem(file, labels: labels.count)
    self.hasPooler = hasPooler
    if let fault { throw file.blame(fault) }
  }

  /// Settings under which a BERT is not the BERT that we compute.
  private static func refuseVariants(_ file: ConfigurationFile) throws(FormatError) {
    try file.refuse("quantization_config", unless: [])
    try file.refuse("auto_map", unless: [])
    try file.refuse("is_decoder")
    try file.refuse("add_cross_attention")
    if let kind = try file.text("position_embedding_type"), kind != "absolute" {
      throw file.blame("position_embedding_type \(kind) is not read; known here is absolute")
    }
  }

  private static func activation(_ file: ConfigurationFile) throws(FormatError) -> Activation {
    switch try file.text("hidden_act") {
    case nil, "gelu": return .gelu
    case "gelu_new", "gelu_pytorch_tanh": return .geluTanh
    case "relu": return .relu
    case let name?:
      throw file.blame(
        "hidden_act \(name) is not read; known are gelu, gelu_new, gelu_pytorch_tanh, relu"
      )
    }
  }

  /// Unless named, one label alone is true or not, and of several one is true.
  private static func problem(_ file: ConfigurationFile, labels: Int)
    throws(FormatError) -> Problem
  {
    guard let name = try file.text("problem_type") else {
      return labels == 1 ? .multiLabel : .singleLabel
    }
    guard let problem = Problem(rawValue: name) else {
      throw file.blame("problem_type \(name) is not known")
    }
    return problem
  }

  /// The names in `id2label`, in order; without it `num_labels`, 2 by default, are numbered.
  private static func labels(_ file: ConfigurationFile) throws(FormatError) -> [String] {
    guard let section = try file.section("id2label"), let members = section.json.members else {
      let count = try file.integer("num_labels", 1 ... ModelLimits.labelsMax, default: 2)
      return (0 ..< count).map { "LABEL_\($0)" }
    }
    guard (1 ... ModelLimits.labelsMax).contains(members.count) else {
      throw file.blame("id2label names \(members.count) labels, not 1 ... \(ModelLimits.labelsMax)")
    }
    var labels = [String?](repeating: nil, count: members.count)
    for member in members {
      guard let index = Int(String(decoding: member.key, as: UTF8.self)),
        labels.indices.contains(index), labels[index] == nil, let label = member.value.text
      else { throw file.blame("id2label does not number \(members.count) names from 0") }
      labels[index] = label
    }
    return labels.compactMap { $0 }
  }

  /// Why the numbers do not fit each other, or nil if they do.
  private var fault: String? {
    if width % heads != 0 {
      return "a width of \(width) does not divide into \(heads) heads"
    }
    if !labels.isEmpty, !hasPooler {
      return "a classification head without a pooler before it is not read"
    }
    if !ModelLimits.canCount(Cost(self), positions: positionsMax) {
      return "one context of \(positionsMax) positions is more work than 64 bits can count"
    }
    return nil
  }
}
