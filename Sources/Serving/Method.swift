/// The calls that Mete answers; docs/PROTOCOL.md §5.
enum Method: String, CaseIterable, Sendable {
  case generate = "Generate"
  case predict = "Predict"
  case embed = "Embed"
  case classify = "Classify"
  case classifyStream = "ClassifyStream"
  case tokenize = "Tokenize"
  case modelsList = "Models.List"
  case modelsDescribe = "Models.Describe"
  case usageBill = "Usage.Bill"
  case healthCheck = "Health.Check"
  case healthWatch = "Health.Watch"
  case reflectDescribe = "Reflect.Describe"
  case reflectEcho = "Reflect.Echo"

  /// Whether the engine answers it; the others are answered at the edge.
  var needsEngine: Bool {
    switch self {
    case .generate, .predict, .embed, .classify, .classifyStream, .tokenize: true
    case .modelsList, .modelsDescribe, .usageBill, .healthCheck, .healthWatch, .reflectDescribe,
      .reflectEcho:
      false
    }
  }
}
