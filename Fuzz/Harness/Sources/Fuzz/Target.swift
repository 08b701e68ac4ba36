/// What can be fuzzed.
enum Target: String, CaseIterable {
  case wire, gguf, safetensors, tokenizer, configuration

  /// The one that `--target=NAME` names.
  static let chosen: Target? = CommandLine.arguments.lazy
    .filter { $0.hasPrefix("--target=") }
    .compactMap { Target(rawValue: String($0.dropFirst("--target=".count))) }
    .first

  /// Whether every refusal is printed, as `--tell` asks.
  static let tells = CommandLine.arguments.contains("--tell")

  /// Feeds one input; what must not happen traps.
  func run(_ bytes: [UInt8]) {
    switch self {
    case .wire: WireTarget.run(bytes)
    case .gguf: GGUFTarget.run(bytes)
    case .safetensors: SafetensorsTarget.run(bytes)
    case .tokenizer: TokenizerTarget.run(bytes)
    case .configuration: ConfigurationTarget.run(bytes)
    }
  }

  /// An input that keeps the form of `bytes` and changes what it says; nil where it has no form.
  func mutated(_ bytes: [UInt8], bytesMax: Int, using random: inout SplitMix64) -> [UInt8]? {
    switch self {
    case .wire: WireMutation.mutated(bytes, bytesMax: bytesMax, using: &random)
    case .gguf: GGUFMutation.mutated(bytes, using: &random)
    case .safetensors: SafetensorsTarget.mutated(bytes, using: &random)
    case .tokenizer: TokenizerTarget.mutated(bytes, using: &random)
    case .configuration: nil
    }
  }
}
