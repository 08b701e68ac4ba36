/// DistilBERT: BERT without segments and pooler, under other names, with a head of its own.
///
/// Sanh et al., arXiv:1910.01108.
enum DistilBert: EncoderFamily {
  static let name = "distilbert"
  static let classes = ["DistilBertModel", "DistilBertForSequenceClassification"]

  static func names(_ file: ConfigurationFile, _ shelf: WeightShelf) -> EncoderNames {
    let isWhole = shelf.contains("distilbert.embeddings.word_embeddings.weight")
    let prefix = isWhole ? "distilbert." : ""
    return EncoderNames(
      wordEmbedding: "\(prefix)embeddings.word_embeddings.weight",
      positionEmbedding: "\(prefix)embeddings.position_embeddings.weight",
      embeddingNorm: "\(prefix)embeddings.LayerNorm",
      query: "\(prefix)transformer.layer.*.attention.q_lin",
      key: "\(prefix)transformer.layer.*.attention.k_lin",
      value: "\(prefix)transformer.layer.*.attention.v_lin",
      output: "\(prefix)transformer.layer.*.attention.out_lin",
      attentionNorm: "\(prefix)transformer.layer.*.sa_layer_norm",
      up: "\(prefix)transformer.layer.*.ffn.lin1",
      down: "\(prefix)transformer.layer.*.ffn.lin2",
      outputNorm: "\(prefix)transformer.layer.*.output_layer_norm",
      pooler: "pre_classifier",
      classifier: "classifier"
    )
  }

  static func configuration(
    _ file: ConfigurationFile,
    recipe: PoolingRecipe,
    names: EncoderNames,
    heads: EncoderHeads
  ) throws(FormatError) -> BertConfiguration {
    try file.refuse("quantization_config", unless: [])
    try file.refuse("auto_map", unless: [])
    let labels = heads.hasClassifier ? try BertConfiguration.labels(file) : []
    let positions = try file.integer(
      "max_position_embeddings",
      1 ... ModelLimits.positionsMax,
      default: 512
    )
    let activation = try file.text("activation") ?? "gelu"
    var configuration = BertConfiguration(
      layers: try file.integer("n_layers", 1 ... ModelLimits.layersMax, default: 6),
      width: try file.integer("dim", 1 ... ModelLimits.widthMax, default: 768),
      heads: try file.integer("n_heads", 1 ... ModelLimits.headsMax, default: 12),
      ffnWidth: try file.integer("hidden_dim", 1 ... ModelLimits.ffnWidthMax, default: 3_072),
      vocabulary: try file.integer("vocab_size", 1 ... ModelLimits.vocabularyMax, default: 30_522),
      positionsMax: positions,
      sequenceMax: min(recipe.sequenceMax ?? positions, positions),
      typesCount: 0,
      layerNormEpsilon: 1e-12,
      activation: try BertConfiguration.Activation(named: activation, "activation", in: file),
      pooling: recipe.pooling,
      normalize: recipe.normalize,
      labels: labels,
      problem: try BertConfiguration.problem(file, labels: labels.count),
      hasPooler: heads.hasPooler
    )
    configuration.family = name
    configuration.poolerActivation = .relu
    if let fault = configuration.fault {
      throw file.blame(
        fault,
        keys: [.width: "dim", .heads: "n_heads", .positions: "max_position_embeddings"]
      )
    }
    return configuration
  }
}
