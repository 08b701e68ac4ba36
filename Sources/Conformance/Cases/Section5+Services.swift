import Wire

// §5: encoders, and the calls that need no model.

extension Answer {
  /// The vectors of an Embed, by index.
  fileprivate func vectors() throws -> [[Float]] {
    try messages.enumerated().map { index, message in
      let items = message.asArray ?? []
      guard items.count == 2, items[0].asInt == index, let bytes = items[1].asBytes else {
        throw Failure("[\(index), bin] is owed, came \("\(message)".prefix(60))")
      }
      return stride(from: 0, to: bytes.count - 3, by: 4).map { start in
        let bits = (0 ..< 4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        return Float(bitPattern: bits)
      }
    }
  }
}

extension Case {
  static let encoders: [Case] = [
    Case("embed_gives_a_vector", "[index, bin]: float32, little-endian.") {
      let model = try $0.model(for: "Embed")
      let vectors = try $0.succeed("Embed", ["normalize": true], ["sun"]).vectors()
      try require(vectors.map(\.count) == [model.width], "one vector of \(model.width) is owed")
      let norm = vectors[0].reduce(0) { $0 + $1 * $1 }
      try require(abs(norm - 1) < 1e-3, "a normalized vector has length 1, not √\(norm)")
    },
    Case("embed_each", "Every message is a text of its own, answered in order.") {
      let texts: [Value] = ["sun", "rain", "sun"]
      let answer = try $0.succeed("Embed", ["input": "each"], texts)
      let vectors = try answer.vectors()
      try require(vectors.count == 3, "3 vectors are owed, came \(vectors.count)")
      let distance = zip(vectors[0], vectors[2]).map { abs($0 - $1) }.max() ?? 1
      try require(distance < 1e-3, "the same text has two vectors")
      try require(answer.bill?.tokensOut == 3, "tokens_out counts vectors")
    },
    Case("embed_pieces", "All messages are one text.") {
      let whole = try $0.succeed("Embed", [:], ["sun and rain"]).vectors()
      let pieces = try $0.succeed("Embed", [:], ["su", "n and", " rain"]).vectors()
      let distance = zip(whole[0], pieces.first ?? []).map { abs($0 - $1) }.max() ?? 1
      try require(pieces.count == 1 && distance < 1e-3, "text in pieces is another text")
    },
    Case(
      "embed_without_truncate",
      "context_too_long: the input does not fit the model's positions."
    ) {
      let text = Value.string(String(repeating: "sun ", count: 3000))
      let options = try $0.options("Embed")
      let answer = try $0.connect().ask("Embed", options, [text])
      try answer.ended("context_too_long")
      _ = try $0.succeed("Embed", ["truncate": true], [text]).only()
    },
    Case("classify_gives_labels", "[index, [[label, score], …]], best first.") {
      let message = try $0.succeed("Classify", [:], ["sun"]).only()
      let scores = message.asArray?.last?.asArray?.compactMap { $0.asArray?.last?.asDouble } ?? []
      try require(!scores.isEmpty && scores == scores.sorted(by: >), "best first: \(scores)")
      let best = try $0.succeed("Classify", ["top_k": 1], ["sun"]).only()
      try require(best.asArray?.last?.asArray?.count == 1, "one label is owed")
    },
    Case("tokenize_gives_tokens", "Arrays of token ids, as soon as they are certain.") {
      let answer = try $0.succeed("Tokenize", ["special": false], ["sun and rain"])
      let vocabulary = try $0.model(for: "Tokenize").vocabulary
      try require(!answer.tokens.isEmpty, "a text has tokens")
      try require(answer.tokens.allSatisfy { 0 ..< vocabulary ~= $0 }, "tokens \(answer.tokens)")
      try require(Int(answer.bill?.tokensIn ?? 0) == answer.tokens.count, "tokens_in counts them")
    },
  ]

  static let services: [Case] = [
    Case("models_are_listed", "Models.List: one message: array of model maps.") {
      let list = try $0.connect().ask("Models.List").ended("ok").only().asArray
      let keys = [
        "name", "family", "methods", "parameters", "layers", "width", "vocabulary",
        "positions_max", "pooling", "labels", "format", "sha256", "tariff",
      ]
      for model in list ?? [] {
        let missing = keys.filter { model[$0] == nil }
        try require(missing.isEmpty, "a model map lacks \(missing)")
        let format = model["format"]?.asString ?? ""
        try require(["gguf", "safetensors"].contains(format), "format is \(format)")
        try require(model["tariff"]?["micro_per_gmac"] != nil, "the tariff lacks micro_per_gmac")
      }
      try require(list != nil, "an array is owed")
    },
    Case("a_model_is_described", "Models.Describe: the map of option model.") {
      let probe = try $0.connect()
      let list = try probe.ask("Models.List").ended("ok").only().asArray ?? []
      for model in list {
        let described = try probe.ask("Models.Describe", ["model": model["name"] ?? nil])
        let map = try described.ended("ok").only().asMap
        // What is only told of one model, and changes.
        let lasting = map?.filter { !["checks", "deadlines"].contains($0.key) }
        try require(lasting.map { .map($0) } == model, "the map is another than in the list")
      }
      try probe.ask("Models.Describe").ended("bad_option")
    },
    Case("health_of_a_model", "Option model asks for one model: unknown_model if there is none.") {
      try $0.call("Health.Check", ["model": "nobody"], ends: "unknown_model")
      guard let name = $0.server.models.first?.name else { return }
      let answer = try $0.call("Health.Check", ["model": .string(name)], ends: "ok")
      try require(try answer.only()["status"] == "SERVING", "SERVING is owed")
    },
    Case("health_is_serving", "Health.Check: {\"status\": \"SERVING\"}.") {
      let message = try $0.call("Health.Check", ends: "ok").only()
      try require(message["status"] == "SERVING", "SERVING is owed, came \(message)")
    },
    Case("health_takes_no_messages", "bad_message: a DATA message that the method does not take.") {
      try $0.call("Health.Check", [:], ["?"], ends: "bad_message")
    },
    Case(
      "health_is_watched",
      "Health.Watch: the message of Health.Check at once; it lasts until CANCEL."
    ) {
      let probe = try $0.connect()
      let stream = probe.open("Health.Watch")
      try probe.messages(1, on: stream)
      try probe.settle()
      try require(probe.answers[stream]?.end == nil, "a watch does not end by itself")
      probe.send(.cancel(stream))
      let answer = try probe.finished(stream).ended("cancelled")
      try require(try answer.only()["status"] == "SERVING", "one SERVING is owed")
    },
    Case("a_watch_ends_at_its_deadline", "It lasts until its deadline, if it has one.") {
      let answer = try $0.connect().ask("Health.Watch", ["deadline_ms": 50]).ended("deadline")
      _ = try answer.only()
    },
    Case("a_watch_of_an_unknown_model", "unknown_model if there is none of that name.") {
      try $0.call("Health.Watch", ["model": "nobody"], ends: "unknown_model")
    },
  ]

  static let reflection: [Case] = [
    Case("reflection_knows_every_method", "methods: by name.") {
      let methods = try $0.reflected()["methods"]
      for (method, params) in methodParams {
        guard let found = methods?[method] else { throw Failure("\(method) is not described") }
        let names = found["params"]?.asMap?.map(\.key) ?? []
        try require(
          Set(names).isSuperset(of: params),
          "\(method) has \(params), described \(names)"
        )
      }
    },
    Case("reflection_has_its_keys", "takes, gives, answers_often, needs_model, params.") {
      let map = try $0.reflected()
      try require(map["version"]?.asUInt == 1, "version 1 is owed")
      for (name, method) in (map["methods"]?.asMap ?? []).map({ ($0.key, $0.value) }) {
        try require(method["takes"] != nil, "\(name) lacks takes")
        try require(method["gives"]?.asString != nil, "\(name) lacks gives")
        try require(method["answers_often"]?.asBool != nil, "\(name) lacks answers_often")
        try require(method["needs_model"]?.asBool != nil, "\(name) lacks needs_model")
        for param in method["params"]?.asMap ?? [] {
          let type = param.value["type"]?.asString ?? ""
          let types = ["uint", "float", "bool", "str", "bin", "array", "map"]
          try require(types.contains(type), "\(name) \(param.key) has type \"\(type)\"")
          try require(param.value["rule"]?.asString != nil, "\(param.key) lacks its rule")
          try require(param.value["required"]?.asBool != nil, "\(param.key) lacks required")
        }
      }
    },
    Case("reflection_knows_every_detail", "details: by word: status, ends, retry.") {
      let details = try $0.reflected()["details"]
      for (word, status) in statuses {
        guard let found = details?[word] else { throw Failure("\(word) is not described") }
        try require(found["status"]?.asInt == status, "\(word) has status \(status)")
        let ends = connectionWords.contains(word) ? "connection" : "stream"
        try require(found["ends"]?.asString == ends, "\(word) ends the \(ends)")
        try require(found["retry"]?.asString != nil, "\(word) lacks retry")
      }
    },
    Case("reflection_says_the_limits_of_hello", "limits: as in HELLO.") {
      let probe = try $0.connect()
      let limits = try probe.ask("Reflect.Describe").ended("ok").only()["limits"]
      let told = probe.server.value.asMap ?? []
      for limit in told {
        try require(limits?[limit.key] == limit.value, "\(limit.key) is another than in HELLO")
      }
    },
    Case("reflection_knows_every_option", "options: the rule of each key of OPEN's options.") {
      let options = try $0.reflected()["options"]
      for key in ["call", "deadline_ms", "model", "effort", "macs_max", "cost_max", "params"] {
        try require(options?[key]?.asString != nil, "\(key) is not described")
      }
    },
    Case("what_is_described_is_there", "A map that lets a client make calls it knew nothing of.") {
      let probe = try $0.connect()
      let methods = try probe.ask("Reflect.Describe").ended("ok").only()["methods"]?.asMap ?? []
      for method in methods {
        for param in method.value["params"]?.asMap ?? [] {
          // Nil is nobody's type; whoever knows the parameter refuses it by name.
          let params = Value.map([.init(param.key, nil)])
          let answer = try probe.ask(method.key, ["params": params])
          if answer.detail == "unsuitable_model" { continue }
          try answer.ended("bad_option")
          let text = answer.end?.text ?? ""
          try require(text.contains(param.key), "\(method.key) \(param.key): \(text)")
          try require(!text.contains("no parameter"), "\(method.key) does not know \(param.key)")
        }
        let unknown = try probe.ask(method.key, ["params": ["no such parameter": 1]])
        try unknown.ended("bad_option")
      }
    },
  ]
}

extension Stage {
  fileprivate func reflected() throws -> Value {
    try connect().ask("Reflect.Describe").ended("ok").only()
  }
}
