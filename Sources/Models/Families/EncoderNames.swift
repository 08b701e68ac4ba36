/// How the tensors of an encoder are named: layers number from 0, `*` is the number.
///
/// `.weight` and `.bias` are left out, but for the three tables, which have no bias.
struct EncoderNames: Sendable {
  var wordEmbedding, positionEmbedding, embeddingNorm: String
  var query, key, value, output, attentionNorm, up, down, outputNorm: String
  var pooler, classifier: String
  /// Nothing where the configuration has no segments.
  var typeEmbedding = ""
  /// Rows at the beginning of the position table that no token has.
  var skippedPositions = 0
  /// Maps that files may hold although the model's class has no use for them.
  var unused: [String] = []

  /// The names that BERT and RoBERTa share, below `prefix`.
  static func bert(prefix: String, pooler: String, classifier: String) -> EncoderNames {
    EncoderNames(
      wordEmbedding: "\(prefix)embeddings.word_embeddings.weight",
      positionEmbedding: "\(prefix)embeddings.position_embeddings.weight",
      embeddingNorm: "\(prefix)embeddings.LayerNorm",
      query: "\(prefix)encoder.layer.*.attention.self.query",
      key: "\(prefix)encoder.layer.*.attention.self.key",
      value: "\(prefix)encoder.layer.*.attention.self.value",
      output: "\(prefix)encoder.layer.*.attention.output.dense",
      attentionNorm: "\(prefix)encoder.layer.*.attention.output.LayerNorm",
      up: "\(prefix)encoder.layer.*.intermediate.dense",
      down: "\(prefix)encoder.layer.*.output.dense",
      outputNorm: "\(prefix)encoder.layer.*.output.LayerNorm",
      pooler: pooler,
      classifier: classifier,
      typeEmbedding: "\(prefix)embeddings.token_type_embeddings.weight"
    )
  }

  /// The names in an artifact, whatever the family: those of BERT.
  static let artifact = bert(prefix: "", pooler: "pooler.dense", classifier: "classifier")

  /// The names of one layer, written out.
  func at(layer index: Int) -> EncoderNames {
    var names = self
    for path in Self.layered { names[keyPath: path].replace("*", with: "\(index)") }
    return names
  }

  private static let layered: [any WritableKeyPath<EncoderNames, String> & Sendable] = [
    \.query, \.key, \.value, \.output, \.attentionNorm, \.up, \.down, \.outputNorm,
  ]

  /// Whether a tensor is no weight of this model: counted positions and segments, which some versions
  /// save, and what is unused.
  func isIdle(_ name: String) -> Bool {
    name.hasSuffix("embeddings.position_ids") || name.hasSuffix("embeddings.token_type_ids")
      || unused.contains { name == "\($0).weight" || name == "\($0).bias" }
  }

  /// Which heads the weights hold.
  func heads(in shelf: WeightShelf) -> EncoderHeads {
    EncoderHeads(
      hasPooler: shelf.contains("\(pooler).weight"),
      hasClassifier: shelf.contains("\(classifier).weight")
    )
  }

  /// Every tensor that `configuration` calls for.
  func requirements(_ configuration: BertConfiguration) -> [WeightShelf.Requirement] {
    let width = configuration.width
    var list = WeightShelf.RequirementList()
    list.add(wordEmbedding, [configuration.vocabulary, width])
    list.add(positionEmbedding, [configuration.positionsMax + skippedPositions, width])
    if configuration.typesCount > 0 { list.add(typeEmbedding, [configuration.typesCount, width]) }
    list.norm(embeddingNorm, width)
    for names in (0 ..< configuration.layers).map(at) {
      for part in [names.query, names.key, names.value, names.output] {
        list.map(part, width, width)
      }
      list.norm(names.attentionNorm, width)
      list.map(names.up, configuration.ffnWidth, width)
      list.map(names.down, width, configuration.ffnWidth)
      list.norm(names.outputNorm, width)
    }
    if configuration.hasPooler { list.map(pooler, width, width) }
    if !configuration.labels.isEmpty { list.map(classifier, configuration.labels.count, width) }
    return list.requirements
  }
}

/// Which heads the weights of an encoder hold.
struct EncoderHeads {
  /// The dense layer over the first row.
  var hasPooler: Bool
  /// The map from there to the labels.
  var hasClassifier: Bool
}
