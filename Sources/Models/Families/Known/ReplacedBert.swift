/// A BERT whose attention projections were replaced by pairs of layers, which lie in a file beside its weights.
///
/// Only learning reads it: what serves a BERT would run the projections that were there before.
enum ReplacedBert: EncoderFamily {
  static let name = EncoderFolder.replacedName
  static let classes = Bert.classes

  static func names(_ file: ConfigurationFile, _ shelf: WeightShelf) -> EncoderNames {
    Bert.names(file, shelf)
  }

  static func configuration(
    _ file: ConfigurationFile,
    recipe: PoolingRecipe,
    names: EncoderNames,
    heads: EncoderHeads
  ) throws(FormatError) -> BertConfiguration {
    var configuration = try Bert.configuration(file, recipe: recipe, names: names, heads: heads)
    configuration.family = name
    return configuration
  }
}
