/// RoBERTa: BERT whose positions are numbered after the padding token's id, with a head of its own.
///
/// Padding itself has no position in transformers; here nothing is padded, and the padding token in a
/// text counts as any other. Liu et al., arXiv:1907.11692.
enum Roberta: EncoderFamily {
  static let name = "roberta"
  static let classes = ["RobertaModel", "RobertaForSequenceClassification"]

  static func names(_ file: ConfigurationFile, _ shelf: WeightShelf)
    throws(FormatError) -> EncoderNames
  {
    let prefix = shelf.contains("roberta.embeddings.word_embeddings.weight") ? "roberta." : ""
    // The classification head brings its dense layer, and then a pooler is at most left over.
    let hasHead = shelf.contains("classifier.out_proj.weight")
    var names = EncoderNames.bert(
      prefix: prefix,
      pooler: hasHead ? "classifier.dense" : "\(prefix)pooler.dense",
      classifier: "classifier.out_proj"
    )
    if hasHead { names.unused = ["\(prefix)pooler.dense"] }
    names.skippedPositions =
      1 + (try file.integer("pad_token_id", 0 ... ModelLimits.positionsMax / 2, default: 1))
    return names
  }

  static func configuration(
    _ file: ConfigurationFile,
    recipe: PoolingRecipe,
    names: EncoderNames,
    heads: EncoderHeads
  ) throws(FormatError) -> BertConfiguration {
    var configuration = try BertConfiguration(
      file,
      recipe: recipe,
      heads: heads,
      skippedPositions: names.skippedPositions,
      typesCount: 1
    )
    configuration.family = name
    return configuration
  }
}
