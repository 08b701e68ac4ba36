/// Qwen2 and Qwen2.5, dense: a Llama whose queries, keys and values have biases.
///
/// Yang et al., arXiv:2407.10671.
enum Qwen2: DecoderFamily {
  static let name = "qwen2"
  static let classes = ["Qwen2ForCausalLM"]

  static func configuration(_ file: ConfigurationFile) throws(FormatError) -> LlamaConfiguration {
    // `sliding_window` is written even where it is not used.
    try file.refuse("use_sliding_window")
    var configuration = try LlamaConfiguration(file, family: name, positions: 32_768)
    configuration.biases = .queryKeyValue
    return configuration
  }

  static func configuration(_ gguf: GGUF, _ shelf: inout WeightShelf)
    throws(FormatError) -> LlamaConfiguration
  {
    let tiedHead = !shelf.contains(ggufNames.head)
    var configuration = try LlamaConfiguration(gguf, family: name, tiedHead: tiedHead)
    configuration.biases = .queryKeyValue
    return configuration
  }
}
