/// Qwen3, dense: a Llama whose query and key heads are normalized one by one.
///
/// Yang et al., arXiv:2505.09388.
enum Qwen3: DecoderFamily {
  static let name = "qwen3"
  static let classes = ["Qwen3ForCausalLM"]

  static func configuration(_ file: ConfigurationFile) throws(FormatError) -> LlamaConfiguration {
    try file.refuse("use_sliding_window")
    var configuration = try LlamaConfiguration(
      file,
      family: name,
      positions: 32_768,
      defaultHeadWidth: 128
    )
    configuration.hasHeadNorms = true
    if try file.bool("attention_bias", default: false) {
      configuration.biases = [.queryKeyValue, .attentionOutput]
    }
    return configuration
  }

  static func configuration(_ gguf: GGUF, _ shelf: inout WeightShelf)
    throws(FormatError) -> LlamaConfiguration
  {
    let tiedHead = !shelf.contains(ggufNames.head)
    var configuration = try LlamaConfiguration(gguf, family: name, tiedHead: tiedHead)
    configuration.hasHeadNorms = true
    return configuration
  }
}
