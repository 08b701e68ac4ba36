import Wire

// What each call takes and gives, in words that a generic client can show and obey.

extension Method {
  /// One entry of `params`.
  struct Parameter {
    let name: String
    /// MessagePack's type: `uint`, `float`, `bool`, `str`, `bin`, `array` or `map`.
    let type: String
    /// What the value may be.
    let rule: String
    /// What absence means; nil if the model or the server decides, or if it must be there.
    var standard: Value?
    var isRequired = false
  }

  /// Its parameters.
  var params: [Parameter] {
    switch self {
    case .generate: Self.sampling + Self.formatting
    case .predict:
      [
        Parameter(name: "top_k", type: "uint", rule: "uint 1 to 100", standard: 5),
        Parameter(name: "special", type: "bool", rule: "bool", standard: true),
        Parameter(name: "max_tokens", type: "uint", rule: "uint ≥ 1", standard: 1024),
      ]
    case .embed:
      [
        Self.input, Parameter(name: "normalize", type: "bool", rule: "bool"),
        Parameter(name: "truncate", type: "bool", rule: "bool", standard: false),
      ]
    case .classify:
      [
        Self.input, Parameter(name: "truncate", type: "bool", rule: "bool", standard: false),
        Parameter(name: "top_k", type: "uint", rule: "uint ≥ 1"),
        Parameter(name: "pair", type: "str", rule: "str"),
      ] + Self.thresholds
    case .classifyStream: Self.streaming + Self.thresholds
    case .tokenize: [Parameter(name: "special", type: "bool", rule: "bool", standard: true)]
    case .usageBill:
      [Parameter(name: "call", type: "bin", rule: "bin of 16 bytes, required", isRequired: true)]
    case .modelsList, .modelsDescribe, .healthCheck, .healthWatch, .reflectDescribe, .reflectEcho:
      []
    }
  }

  /// What the client's messages may be; nil if it sends none.
  var takes: String? {
    switch self {
    case .generate, .predict, .embed, .classify, .classifyStream: "text or tokens"
    case .tokenize: "text"
    case .reflectEcho: "anything"
    default: nil
    }
  }

  /// What one message of the server is.
  var gives: String {
    switch self {
    case .generate: "[token, text, logprob]"
    case .predict: "[position, token, [[token, logprob], …]]"
    case .embed: "[index, bin]"
    case .classify: "[index, [[label, score], …]]"
    case .classifyStream:
      "[position, token, layer, [[label, probability], …], macs, macs_dense, experts] or with text behind"
    case .tokenize: "[token, …]"
    case .modelsList: "[model, …]"
    case .modelsDescribe: "model"
    case .usageBill: "bill"
    case .healthCheck, .healthWatch: "{status}"
    case .reflectEcho: "anything"
    case .reflectDescribe: "{version, methods, options, details, limits}"
    }
  }

  /// Whether the server may send more than one message.
  var answersOften: Bool { needsEngine || self == .healthWatch || self == .reflectEcho }

  private static let input = Parameter(
    name: "input",
    type: "str",
    rule: "\"pieces\" or \"each\"",
    standard: "pieces"
  )

  private static let thresholds = [
    Parameter(name: "tau", type: "float", rule: "float in [0, 1], for a model with experts"),
    Parameter(name: "threshold", type: "float", rule: "float in [0, 1], for a model with exits"),
    Parameter(name: "first_exit", type: "uint", rule: "uint, a layer that an exit stands after"),
  ]

  private static let streaming = [
    Parameter(name: "top_k", type: "uint", rule: "uint ≥ 1"),
    Parameter(
      name: "score_min",
      type: "float",
      rule: "float in [0, 1]",
      standard: .float(0)
    ),
    Parameter(name: "policy", type: "str", rule: "\"defer\" or \"propagate\""),
    Parameter(name: "refine", type: "bool", rule: "bool", standard: false),
    Parameter(
      name: "watch",
      type: "map",
      rule: "map of label (str), above (float in [0, 1]), tokens (uint ≥ 1, 1), end (bool, false)"
    ),
    Parameter(name: "window", type: "uint", rule: "uint ≥ 3, for an encoder"),
    Parameter(name: "stride", type: "uint", rule: "uint ≥ 1, for an encoder", standard: 1),
    Parameter(name: "text", type: "bool", rule: "bool", standard: false),
    Parameter(name: "special", type: "bool", rule: "bool", standard: true),
    Parameter(name: "max_tokens", type: "uint", rule: "uint ≥ 1", standard: 1024),
  ]

  private static let sampling = [
    Parameter(name: "max_tokens", type: "uint", rule: "uint ≥ 1", standard: 128),
    Parameter(name: "temperature", type: "float", rule: "float ≥ 0", standard: .float(0)),
    Parameter(name: "top_k", type: "uint", rule: "uint", standard: 0),
    Parameter(name: "top_p", type: "float", rule: "float in (0, 1]", standard: .float(1)),
    Parameter(name: "min_p", type: "float", rule: "float in [0, 1]", standard: .float(0)),
    Parameter(name: "repetition_penalty", type: "float", rule: "float > 0", standard: .float(1)),
    Parameter(name: "seed", type: "uint", rule: "uint"),
  ]

  private static let formatting = [
    Parameter(
      name: "stop",
      type: "array",
      rule: "array of up to 16 str of 1 to 256 bytes",
      standard: []
    ),
    Parameter(name: "format", type: "str", rule: "\"raw\" or \"chat\"", standard: "raw"),
    Parameter(name: "system", type: "str", rule: "str, with format \"chat\""),
    Parameter(name: "ignore_eos", type: "bool", rule: "bool", standard: false),
  ]
}
