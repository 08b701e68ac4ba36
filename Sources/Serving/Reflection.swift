import Wire

// What Reflect.Describe says: enough for a client that knows no method by name.

/// The message of Reflect.Describe.
///
/// - Parameter limits: what HELLO said.
/// - Returns: the map of PROTOCOL.md §5.1.
func reflection(limits: Limits) -> Value {
  .map([
    Value.Entry("version", Value(Hello.version)),
    Value.Entry("methods", .map(Method.allCases.map { Value.Entry($0.rawValue, $0.reflection) })),
    Value.Entry("options", .map(options.map { Value.Entry($0.name, .string($0.rule)) })),
    Value.Entry("details", .map(Detail.allCases.map { Value.Entry($0.rawValue, $0.reflection) })),
    Value.Entry("limits", limits.value),
  ])
}

private let options = [
  (name: "call", rule: "bin of 16 bytes"), (name: "deadline_ms", rule: "uint"),
  (name: "model", rule: "str of up to 256 bytes"),
  (name: "effort", rule: "float in [0, 1]; below 1 not beside tau, threshold, first_exit"),
  (name: "effort_min", rule: "float in [0, 1]; not beside tau, threshold, first_exit"),
  (name: "macs_max", rule: "uint"),
  (name: "cost_max", rule: "uint"), (name: "params", rule: "map"),
]

extension Method {
  fileprivate var reflection: Value {
    .map([
      Value.Entry("takes", takes.map { .string($0) } ?? .nil),
      Value.Entry("gives", .string(gives)),
      Value.Entry("answers_often", .bool(answersOften)),
      Value.Entry("needs_model", .bool(needsEngine || self == .modelsDescribe)),
      Value.Entry("params", .map(params.map { Value.Entry($0.name, $0.reflection) })),
    ])
  }
}

extension Method.Parameter {
  fileprivate var reflection: Value {
    var entries = [
      Value.Entry("type", .string(type)), Value.Entry("rule", .string(rule)),
      Value.Entry("required", .bool(isRequired)),
    ]
    if let standard { entries.append(Value.Entry("default", standard)) }
    return .map(entries)
  }
}

extension Detail {
  fileprivate var reflection: Value {
    .map([
      Value.Entry("status", Value(Int(status.rawValue))),
      Value.Entry("ends", endsConnection ? "connection" : "stream"),
      Value.Entry("retry", .string(retry.word)),
    ])
  }
}

extension Detail.Retry {
  fileprivate var word: String {
    switch self {
    case .needless: ""
    case .never: "never"
    case .later: "later"
    case .withMoreTime: "with more time"
    case .whenOneEnds: "when one ends"
    case .elsewhere: "elsewhere"
    case .once: "once"
    case .reconnect: "on a new connection"
    }
  }
}
