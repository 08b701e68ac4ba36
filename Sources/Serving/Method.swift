import Models

/// The calls that Mete answers; docs/PROTOCOL.md §5.
enum Method: String, CaseIterable, Sendable {
  case generate = "Generate"
  case predict = "Predict"
  case embed = "Embed"
  case classify = "Classify"
  case tokenize = "Tokenize"
  case modelsList = "Models.List"
  case modelsDescribe = "Models.Describe"
  case usageBill = "Usage.Bill"
  case healthCheck = "Health.Check"
  case reflectDescribe = "Reflect.Describe"

  /// Whether the engine answers it; the others are answered at the edge.
  var needsEngine: Bool {
    switch self {
    case .generate, .predict, .embed, .classify, .tokenize: true
    case .modelsList, .modelsDescribe, .usageBill, .healthCheck, .reflectDescribe: false
    }
  }

  /// Its parameters, each with what it may be.
  var params: [(name: String, rule: String)] {
    switch self {
    case .generate:
      [
        ("max_tokens", "uint ≥ 1"), ("temperature", "float ≥ 0"), ("top_k", "uint"),
        ("top_p", "float in (0, 1]"), ("min_p", "float in [0, 1]"),
        ("repetition_penalty", "float > 0"), ("seed", "uint"),
        ("stop", "array of up to 16 str of 1 to 256 bytes"), ("format", "\"raw\" or \"chat\""),
        ("system", "str, with format \"chat\""), ("ignore_eos", "bool"),
      ]
    case .predict: [("top_k", "uint 1 to 100"), ("special", "bool"), ("max_tokens", "uint ≥ 1")]
    case .embed: [("input", Self.input), ("normalize", "bool"), ("truncate", "bool")]
    case .classify:
      [
        ("input", Self.input), ("truncate", "bool"), ("top_k", "uint ≥ 1"), ("pair", "str"),
      ]
    case .tokenize: [("special", "bool")]
    case .usageBill: [("call", "bin of 16 bytes, required")]
    case .modelsList, .modelsDescribe, .healthCheck, .reflectDescribe: []
    }
  }

  private static let input = "\"pieces\" or \"each\""
}
