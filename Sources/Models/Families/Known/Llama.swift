/// Llama, and what is published as such: SmolLM, TinyLlama, in GGUF files Mistral too.
///
/// Touvron et al., arXiv:2302.13971.
enum Llama: DecoderFamily {
  static let name = "llama"
  static let classes = ["LlamaForCausalLM"]

  static func configuration(_ file: ConfigurationFile) throws(FormatError) -> LlamaConfiguration {
    var configuration = try LlamaConfiguration(file, family: name, positions: 2_048)
    try file.refuse("sliding_window", unless: [])
    if try file.bool("attention_bias", default: false) {
      configuration.biases.formUnion([.queryKeyValue, .attentionOutput])
    }
    if try file.bool("mlp_bias", default: false) { configuration.biases.insert(.feedForward) }
    return configuration
  }

  static func configuration(_ gguf: GGUF, _ shelf: inout WeightShelf)
    throws(FormatError) -> LlamaConfiguration
  {
    var configuration = try LlamaConfiguration(
      gguf,
      family: name,
      tiedHead: !shelf.contains(ggufNames.head),
      ropeFactors: shelf.removeVector(RopeScaling.factorsName, countMax: ModelLimits.widthMax)
    )
    // The format has no key for biases: they are there or not.
    let first = ggufNames.at(layer: 0)
    if shelf.contains("\(first.query).bias") { configuration.biases.insert(.queryKeyValue) }
    if shelf.contains("\(first.output).bias") { configuration.biases.insert(.attentionOutput) }
    if shelf.contains("\(first.up).bias") { configuration.biases.insert(.feedForward) }
    return configuration
  }

  static var ggufNames: DecoderNames {
    var names = DecoderNames.gguf
    names.isInterleaved = true
    return names
  }
}
