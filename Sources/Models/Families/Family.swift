/// The two kinds of model we run, each with its shape and weights, named after their plainest family.
public enum Family: Sendable {
  /// A language model that predicts the next token.
  case llama(LlamaConfiguration, LlamaWeights)
  /// An encoder that embeds or classifies texts.
  case bert(BertConfiguration, BertWeights)

  /// The name that users see.
  public var name: String {
    switch self {
    case .llama(let configuration, _): configuration.family
    case .bert(let configuration, _): configuration.family
    }
  }
}
