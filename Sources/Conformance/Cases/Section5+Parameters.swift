import Wire

// §5: parameters, which are refused by name.

extension Case {
  private static func wrong(_ method: String, _ param: String, _ name: String, _ value: Value)
    -> Case
  {
    let title = "\(method.lowercased())_\(param)_\(name)"
    return Case(title, "bad_option: a parameter has a wrong type or value; the text names it.") {
      let options = try $0.options(method, .map([.init(param, value)]))
      try $0.call(method, options, ["x"], ends: "bad_option", naming: param)
    }
  }

  private static let stops17 = Value.array(Array(repeating: "x", count: 17))
  private static let long = Value.string(String(repeating: "x", count: 257))

  static let parameters: [Case] = [
    wrong("Generate", "max_tokens", "0", 0),
    wrong("Generate", "max_tokens", "as_text", "5"),
    wrong("Generate", "max_tokens", "nil", nil),
    wrong("Generate", "temperature", "negative", -0.5),
    wrong("Generate", "temperature", "nan", .double(.nan)),
    wrong("Generate", "top_k", "negative", -1),
    wrong("Generate", "top_k", "as_float", 1.5),
    wrong("Generate", "top_p", "0", 0.0),
    wrong("Generate", "top_p", "above_1", 1.5),
    wrong("Generate", "min_p", "above_1", 1.5),
    wrong("Generate", "repetition_penalty", "0", 0.0),
    wrong("Generate", "seed", "negative", -1),
    wrong("Generate", "stop", "as_text", "x"),
    wrong("Generate", "stop", "of_17", stops17),
    wrong("Generate", "stop", "empty", [""]),
    wrong("Generate", "stop", "of_257_bytes", [long]),
    wrong("Generate", "format", "unknown", "poem"),
    wrong("Generate", "system", "without_chat", "Be brief."),
    wrong("Generate", "ignore_eos", "as_integer", 1),
    wrong("Generate", "colour", "unknown", "red"),
    wrong("Predict", "top_k", "0", 0),
    wrong("Predict", "top_k", "101", 101),
    wrong("Predict", "special", "as_integer", 1),
    wrong("Predict", "max_tokens", "0", 0),
    wrong("Embed", "input", "unknown", "lines"),
    wrong("Embed", "normalize", "as_text", "yes"),
    wrong("Embed", "truncate", "as_integer", 0),
    wrong("Embed", "top_k", "unknown", 1),
    wrong("Classify", "top_k", "0", 0),
    wrong("Classify", "pair", "as_bin", .binary([1])),
    wrong("Tokenize", "special", "nil", nil),
    wrong("Tokenize", "max_tokens", "unknown", 1),
    Case(
      "effort_beside_settings",
      "effort below 1 and effort_min beside tau, threshold or first_exit are bad_option."
    ) {
      for setting in ["tau", "threshold", "first_exit"] {
        let params = Value.map([.init(setting, 1)])
        for choice in [["effort": 0.5], ["effort_min": 1]] as [Value] {
          let options = try $0.options("Classify", params, choice)
          let answer = try $0.call("Classify", options, ["x"], ends: "bad_option", naming: setting)
          let word = choice.asMap?.first?.key ?? ""
          let text = answer.end?.text ?? ""
          try require(text.contains(word), "the text names \(word) as well, and says \"\(text)\"")
        }
      }
    },
    Case("parameters_at_their_bounds", "params of Generate, in their ranges.") {
      let params: Value = [
        "max_tokens": 1, "temperature": 0, "top_k": 0, "top_p": 1, "min_p": 0,
        "repetition_penalty": 1, "seed": .uint(.max), "stop": [], "ignore_eos": false,
        "format": "raw",
      ]
      _ = try $0.succeed("Generate", params, ["sun"])
    },
    Case(
      "methods_without_parameters_refuse_them",
      "params that a method does not list are refused by name."
    ) {
      for method in ["Models.List", "Health.Check", "Health.Watch", "Reflect.Describe"] {
        let options: Value = ["params": ["colour": "red"]]
        try $0.call(method, options, ends: "bad_option", naming: "colour")
      }
    },
    Case("a_bill_needs_the_call", "Usage.Bill: call (bin 16, required).") {
      try $0.call("Usage.Bill", ends: "bad_option", naming: "call")
      let short: Value = ["params": ["call": .binary([1, 2])]]
      try $0.call("Usage.Bill", short, ends: "bad_option", naming: "call")
    },
  ]
}
