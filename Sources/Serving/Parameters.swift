import Inference
import Models
import Wire

/// The `params` of an OPEN, read name by name; what is wrong is refused with its rule.
struct Parameters {
  let method: Method
  private let entries: [Value.Entry]

  /// - Throws: `bad_option` for a parameter that the method does not have.
  init(_ entries: [Value.Entry], of method: Method) throws(WireError) {
    self.method = method
    self.entries = entries
    for entry in entries where !method.params.contains(where: { $0.name == entry.key }) {
      let known = method.params.map(\.name).joined(separator: ", ")
      throw WireError(
        .badOption,
        "\(method.rawValue) has no parameter \"\(excerpt(entry.key))\"; it has "
          + (known.isEmpty ? "none" : known)
      )
    }
  }

  /// An unsigned integer within bounds.
  func integer(_ key: String, _ bounds: ClosedRange<Int>) throws(WireError) -> Int? {
    guard let value = entries[key] else { return nil }
    guard let found = value.asInt, bounds.contains(found) else { throw wrong(key) }
    return found
  }

  /// Any unsigned 64-bit integer.
  func unsigned(_ key: String) throws(WireError) -> UInt64? {
    guard let value = entries[key] else { return nil }
    guard let found = value.asUInt else { throw wrong(key) }
    return found
  }

  /// A finite float for which `isRight` holds.
  func float(_ key: String, where isRight: (Float) -> Bool) throws(WireError) -> Float? {
    guard let value = entries[key] else { return nil }
    guard let found = value.asDouble.map(Float.init), found.isFinite, isRight(found) else {
      throw wrong(key)
    }
    return found
  }

  /// A truth value.
  func bool(_ key: String) throws(WireError) -> Bool? {
    guard let value = entries[key] else { return nil }
    guard let found = value.asBool else { throw wrong(key) }
    return found
  }

  /// A string.
  func string(_ key: String) throws(WireError) -> String? {
    guard let value = entries[key] else { return nil }
    guard let found = value.asString else { throw wrong(key) }
    return found
  }

  /// Any value.
  func value(_ key: String) -> Value? { entries[key] }

  /// The error for a parameter whose value breaks its rule.
  func wrong(_ key: String) -> WireError {
    let rule = method.params.first { $0.name == key }?.rule ?? ""
    return WireError(.badOption, "parameter \"\(key)\" must be \(rule)")
  }
}

extension Parameters {
  /// What the engine is asked to do.
  ///
  /// - Parameter seed: randomness for a request that names no seed.
  /// - Returns: the task.
  /// - Throws: `bad_option` with the parameter's name and rule.
  func task(seed: UInt64) throws(WireError) -> Request.Task {
    switch method {
    case .generate: .generate(try generate(seed: seed))
    case .predict: .predict(try predict())
    case .embed: .embed(try encode())
    case .classify: .classify(try encode())
    case .classifyStream: .classifyStream(try stream())
    case .tokenize: .tokenize(special: try bool("special") ?? true)
    default: preconditionFailure("\(method.rawValue) is answered at the edge")
    }
  }

  /// Requires that a call says one thing about how much of the model runs: an effort, or settings by themselves.
  ///
  /// Effort 1 is what absence means and contradicts nothing. Budgets and deadlines are bounds, and go with either.
  ///
  /// - Parameter open: the call's options.
  /// - Throws: `bad_option` that names both.
  func checkChoice(beside open: Open) throws(WireError) {
    let effort = open.effort < 1 ? "effort" : open.effortMin == nil ? nil : "effort_min"
    guard let effort,
      let setting = ["tau", "threshold", "first_exit"].first(where: { value($0) != nil })
    else { return }
    throw WireError(
      .badOption,
      "option \"\(effort)\" and parameter \"\(setting)\" both choose how much of the model runs; name one of them"
    )
  }

  private func generate(seed: UInt64) throws(WireError) -> GenerateParameters {
    var result = GenerateParameters()
    result.tokensMax = try integer("max_tokens", 1 ... 1 << 31) ?? result.tokensMax
    result.sampling.temperature = try float("temperature") { $0 >= 0 } ?? 0
    result.sampling.topK = try integer("top_k", 0 ... 1 << 31) ?? 0
    result.sampling.topP = try float("top_p") { $0 > 0 && $0 <= 1 } ?? 1
    result.sampling.minP = try float("min_p") { $0 >= 0 && $0 <= 1 } ?? 0
    result.sampling.repetitionPenalty = try float("repetition_penalty") { $0 > 0 } ?? 1
    result.sampling.seed = try unsigned("seed") ?? seed
    result.ignoresEnd = try bool("ignore_eos") ?? false
    result.stops = try stops()
    result.format = try format()
    return result
  }

  private func stops() throws(WireError) -> [[UInt8]] {
    guard let value = value("stop") else { return [] }
    guard let items = value.asArray, items.count <= 16 else { throw wrong("stop") }
    var result: [[UInt8]] = []
    for item in items {
      guard let text = item.asString, 1 ... 256 ~= text.utf8.count else { throw wrong("stop") }
      result.append(Array(text.utf8))
    }
    return result
  }

  private func format() throws(WireError) -> GenerateParameters.Format {
    let system = try string("system")
    switch try string("format") ?? "raw" {
    case "raw":
      guard system == nil else { throw wrong("system") }
      return .raw
    case "chat": return .chat(system: system.map { Array($0.utf8) })
    default: throw wrong("format")
    }
  }

  private func predict() throws(WireError) -> PredictParameters {
    var result = PredictParameters()
    result.candidates = try integer("top_k", 1 ... 100) ?? result.candidates
    result.special = try bool("special") ?? true
    result.tokensMax = try integer("max_tokens", 1 ... 1 << 31) ?? result.tokensMax
    return result
  }

  private func encode() throws(WireError) -> EncodeParameters {
    var result = EncodeParameters()
    switch try string("input") ?? "pieces" {
    case "pieces": result.eachPiece = false
    case "each": result.eachPiece = true
    default: throw wrong("input")
    }
    result.truncate = try bool("truncate") ?? false
    if method == .embed { result.normalize = try bool("normalize") }
    if method == .classify {
      result.labelsMax = try integer("top_k", 1 ... 1 << 31)
      result.pair = try string("pair").map { Array($0.utf8) }
      result.explicit = try explicit()
    }
    return result
  }

  private func explicit() throws(WireError) -> ExplicitSetting {
    func share(_ key: String) throws(WireError) -> Double? {
      try float(key) { (0 ... 1).contains($0) }.map(Double.init)
    }
    var result = ExplicitSetting()
    result.tau = try share("tau")
    result.threshold = try share("threshold")
    result.firstExit = try integer("first_exit", 1 ... 1 << 31)
    return result
  }

  private func stream() throws(WireError) -> StreamParameters {
    var result = StreamParameters()
    result.labelsMax = try integer("top_k", 1 ... 1 << 31)
    result.scoreMin = try float("score_min") { (0 ... 1).contains($0) } ?? 0
    if let word = try string("policy") {
      guard let policy = StreamPolicy(rawValue: word) else { throw wrong("policy") }
      result.policy = policy
    }
    result.refines = try bool("refine") ?? false
    result.watch = try watch()
    result.window = try integer("window", 3 ... 1 << 31)
    result.stride = try integer("stride", 1 ... 1 << 31) ?? 1
    result.text = try bool("text") ?? false
    result.special = try bool("special") ?? true
    result.tokensMax = try integer("max_tokens", 1 ... 1 << 31) ?? result.tokensMax
    result.explicit = try explicit()
    return result
  }

  private func watch() throws(WireError) -> StreamParameters.Watch? {
    guard let value = value("watch") else { return nil }
    let known: Set = ["label", "above", "tokens", "end"]
    guard let entries = value.asMap, entries.allSatisfy({ known.contains($0.key) }),
      let label = entries["label"]?.asString,
      let above = entries["above"]?.asDouble, (0 ... 1).contains(above)
    else { throw wrong("watch") }
    var watch = StreamParameters.Watch(label: label, above: above)
    if let tokens = entries["tokens"] {
      guard let count = tokens.asInt, (1 ... 1 << 31).contains(count) else { throw wrong("watch") }
      watch.tokens = count
    }
    if let end = entries["end"] {
      guard let ends = end.asBool else { throw wrong("watch") }
      watch.ends = ends
    }
    return watch
  }
}
