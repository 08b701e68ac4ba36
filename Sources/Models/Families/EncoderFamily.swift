/// A family of encoders, as far as it differs from the others: how its files are read.
///
/// The forwards know no families, only what `BertConfiguration` says. docs/MODELS.md shows how to add
/// one: a file in Families/Known, its name in `encoderFamilies`, and a fixture.
protocol EncoderFamily: Sendable {
  /// The `model_type` of a `config.json`, and what users see.
  static var name: String { get }
  /// The classes of transformers that are read.
  static var classes: [String] { get }

  /// The names of the tensors, which may depend on settings and on what was saved.
  static func names(_ file: ConfigurationFile, _ shelf: WeightShelf)
    throws(FormatError) -> EncoderNames
  /// Reads a `config.json`; what the family can do and we cannot is refused by name.
  static func configuration(
    _ file: ConfigurationFile,
    recipe: PoolingRecipe,
    names: EncoderNames,
    heads: EncoderHeads
  ) throws(FormatError) -> BertConfiguration
}

/// Every family of encoders that is read.
let encoderFamilies: [any EncoderFamily.Type] = [Bert.self, DistilBert.self, Roberta.self]

/// Encoders that learning makes on its way and reads again, and that nobody serves.
let learningFamilies: [any EncoderFamily.Type] = [ReplacedBert.self]
