/// BERT, and sentence encoders that are one, such as MiniLM.
///
/// Devlin et al., arXiv:1810.04805.
enum Bert: EncoderFamily {
  static let name = "bert"
  static let classes = ["BertModel", "BertForSequenceClassification"]

  static func names(_ file: ConfigurationFile, _ shelf: WeightShelf) -> EncoderNames {
    let prefix = shelf.contains("bert.embeddings.word_embeddings.weight") ? "bert." : ""
    return .bert(prefix: prefix, pooler: "\(prefix)pooler.dense", classifier: "classifier")
  }

  static func configuration(
    _ file: ConfigurationFile,
    recipe: PoolingRecipe,
    names: EncoderNames,
    heads: EncoderHeads
  ) throws(FormatError) -> BertConfiguration {
    try BertConfiguration(file, recipe: recipe, heads: heads, typesCount: 2)
  }
}
