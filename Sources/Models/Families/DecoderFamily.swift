/// A family of language models, as far as it differs from the others: how its files are read.
///
/// The forwards know no families, only what `LlamaConfiguration` says. docs/MODELS.md shows how to add
/// one: a file in Families/Known, its name in `decoderFamilies`, and a fixture.
protocol DecoderFamily: Sendable {
  /// The `model_type` of a `config.json`, the architecture of a GGUF file, and what users see.
  static var name: String { get }
  /// The classes of transformers that are read.
  static var classes: [String] { get }

  /// Reads a `config.json`; what the family can do and we cannot is refused by name.
  static func configuration(_ file: ConfigurationFile) throws(FormatError) -> LlamaConfiguration
  /// The names of the tensors in safetensors.
  static func names(_ shelf: WeightShelf) -> DecoderNames
  /// Whether a tensor is no weight, such as a saved mask.
  static func isBuffer(_ name: String) -> Bool

  /// Reads the metadata of a GGUF file, and takes tensors off the shelf that are part of the shape.
  static func configuration(_ gguf: GGUF, _ shelf: inout WeightShelf)
    throws(FormatError) -> LlamaConfiguration
  /// The names of the tensors in a GGUF file.
  static var ggufNames: DecoderNames { get }
}

extension DecoderFamily {
  static func names(_ shelf: WeightShelf) -> DecoderNames {
    .llama(prefix: shelf.contains("model.embed_tokens.weight") ? "model." : "")
  }

  static func isBuffer(_ name: String) -> Bool { name.hasSuffix(".rotary_emb.inv_freq") }

  static var ggufNames: DecoderNames { .gguf }
}

/// Every family of language models that is read.
let decoderFamilies: [any DecoderFamily.Type] = [GPT2.self, Llama.self, Qwen2.self, Qwen3.self]
