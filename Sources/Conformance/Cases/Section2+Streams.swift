import Wire

// §2: errors that end one stream; the connection lives on.

extension Case {
  static let streamErrors: [Case] = [
    Case("unimplemented_method", "unknown_method: the server has no such method.") {
      let probe = try $0.connect()
      let stream = probe.open("Generate.Unimplemented")
      let answer = try probe.finished(stream).ended("unknown_method")
      try require(answer.bill?.macsTotal == 0, "a refused call does no work")
      try probe.lives()
    },
    Case("unimplemented_service", "unknown_method: the server has no such method.") {
      try $0.call("Unimplemented.Call", ends: "unknown_method")
    },
    Case("a_method_without_name", "unknown_method: the name is not 1 … 256 bytes long.") {
      try $0.call("", ends: "unknown_method")
    },
    Case("a_method_of_257_bytes", "unknown_method: the name is not 1 … 256 bytes long.") {
      try $0.call(String(repeating: "m", count: 257), ends: "unknown_method")
    },
    Case("a_method_of_256_bytes", "unknown_method: the server has no such method.") {
      let name = String(repeating: "m", count: 256)
      let answer = try $0.call(name, ends: "unknown_method")
      try require(answer.bill?.method == name, "the bill names the method")
    },
    Case("unknown_model", "unknown_model: no such model.") {
      _ = try $0.model(for: "Generate")
      try $0.call("Generate", ["model": "no such model"], ["x"], ends: "unknown_model")
    },
    Case("unsuitable_model", "unsuitable_model: the model cannot serve the method.") { stage in
      for method in ["Embed", "Generate", "Classify", "Predict"] {
        let unable = stage.server.models.first { !$0.methods.contains(method) }
        guard let unable else { continue }
        let model = Value.string(unable.name)
        try stage.call(method, ["model": model], ["x"], ends: "unsuitable_model")
        return
      }
      throw Skip("every model here serves every method")
    },
    Case("unknown_call", "unknown_call: no such call of this tenant is remembered.") {
      let call = Value.binary(CallID().bytes)
      try $0.call("Usage.Bill", ["params": ["call": call]], ends: "unknown_call")
    },
    Case(
      "call_in_use_by_a_running_call",
      "call_in_use: the id names a running call of this tenant."
    ) {
      let probe = try $0.connect()
      let options = try $0.options("Tokenize", [:], ["call": .binary(CallID().bytes)])
      let first = probe.open("Tokenize", options, closes: false)
      try probe.ask("Tokenize", options).ended("call_in_use")
      probe.send(.halfClose(first))
      try probe.finished(first).ended("ok")
    },
    Case("call_in_use_by_a_remembered_call", "call_in_use: … or remembered call of this tenant.") {
      let options = try $0.options("Tokenize", [:], ["call": .binary(CallID().bytes)])
      try $0.call("Tokenize", options, ["a"], ends: "ok")
      try $0.call("Tokenize", options, ["a"], ends: "call_in_use")
    },
    Case("message_after_half_close", "message_after_half_close: DATA after HALF_CLOSE.") {
      let probe = try $0.connect()
      let options = try $0.options("Generate", ["max_tokens": 100_000, "ignore_eos": true])
      let stream = probe.lastStream + 1
      let open = Probe.opening(stream, "Generate", options)
      probe.send(open, .data(stream, "sun"), .halfClose(stream), .data(stream, "rain"))
      try probe.finished(stream).ended("message_after_half_close")
      try probe.lives()
    },
    Case("credit_overrun", "credit_overrun: DATA over the stream's credit.") {
      let probe = try $0.connect()
      try probe.settle()
      let text = [UInt8](repeating: 32, count: probe.server.streamCredit)
      try require(text.count < probe.server.frameBytesMax, "no frame can be longer than the window")
      let stream = probe.open("Health.Check", [:], [.binary(text)], closes: false)
      try probe.finished(stream).ended("credit_overrun")
      try probe.lives()
    },
    Case("credit_overrun_leaves_others_alone", "Stream errors end one stream.") {
      let probe = try $0.connect()
      try probe.settle()
      let other = probe.open("Health.Check", closes: false)
      let text = [UInt8](repeating: 32, count: probe.server.streamCredit)
      try probe.finished(probe.open("Health.Check", [:], [.binary(text)])).ended("credit_overrun")
      probe.send(.halfClose(other))
      try probe.finished(other).ended("ok")
    },
    Case("max_streams", "streams_max: more open streams than HELLO allows.") {
      let probe = try $0.connect()
      try probe.settle()
      let most = probe.server.streamsMax
      guard most <= 10_000 else { throw Skip("\(most) streams are too many to try") }
      for _ in 0 ..< most { probe.open("Health.Check", closes: false) }
      let answer = try probe.ask("Health.Check").ended("streams_max")
      try require(answer.bill?.macsTotal == 0, "what is refused has done no work")
      probe.send(.halfClose(1))
      try probe.finished(1).ended("ok")
      try probe.ask("Health.Check").ended("ok")
    },
    Case(
      "the_id_of_a_refused_call_is_free",
      "streams_max always: the id of such a call is free again."
    ) {
      let probe = try $0.connect()
      try probe.settle()
      let most = probe.server.streamsMax
      guard most <= 10_000 else { throw Skip("\(most) streams are too many to try") }
      let options = try $0.options("Tokenize", [:], ["call": .binary(CallID().bytes)])
      for _ in 0 ..< most { probe.open("Health.Check", closes: false) }
      try probe.ask("Tokenize", options).ended("streams_max")
      probe.send(.halfClose(1))
      try probe.finished(1)
      try probe.ask("Tokenize", options).ended("ok")
    },
    Case("context_too_long", "context_too_long: the input does not fit the model's positions.") {
      let model = try $0.model(for: "Predict")
      guard model.positions <= 8192 else { throw Skip("\(model.positions) positions to fill") }
      let tokens = [Value](repeating: 1, count: model.positions + 1)
      let options = try $0.options("Predict", ["max_tokens": Value(model.positions + 2)])
      try $0.call("Predict", options, [.array(tokens)], ends: "context_too_long")
    },
    Case("max_tokens_of_predict", "Predict max_tokens: more input is context_too_long.") {
      let options = try $0.options("Predict", ["max_tokens": 2])
      try $0.call("Predict", options, [[1, 1, 1]], ends: "context_too_long")
    },
    Case(
      "input_too_large",
      "A run without any possible break may be run_bytes_max long (input_too_large)."
    ) {
      let probe = try $0.connect()
      let options = try $0.options("Tokenize")
      let stream = probe.open("Tokenize", options, closes: false)
      try probe.pour([UInt8](repeating: 97, count: 70_000), pieces: 4000, on: stream)
      try probe.finished(stream).ended("input_too_large")
      try probe.lives()
    },
    Case("queue_full", "queue_full: the engine's queue is full; no work was done.", .alone) {
      let options = try $0.options("Generate")
      let probes = try (0 ..< 16).map { [stage = $0] _ in try stage.connect() }
      for probe in probes {
        try probe.settle()
        for _ in 0 ..< min(100, probe.server.streamsMax) {
          probe.open("Generate", options, closes: false)
        }
        try probe.settle()
      }
      try probes[15].pass(.milliseconds(50))
      for probe in probes {
        for answer in probe.answers.values where answer.end != nil {
          try answer.ended("queue_full")
          try require(answer.bill?.macsTotal == 0, "queue_full says that no work was done")
        }
      }
      guard probes.contains(where: { $0.answers.values.contains { $0.end != nil } }) else {
        throw Skip("1,600 calls do not fill the queue")
      }
    },
    Case("a_refused_open_uses_up_its_id", "An OPEN that is refused uses up its id like any other.")
    {
      let probe = try $0.connect()
      try probe.ask("Nonsense").ended("unknown_method")
      probe.write(Probe.opening(1, "Health.Check").encoded)
      try probe.failed("stream_id", last: 1)
    },
    Case(
      "what_is_quoted_is_clipped",
      "text is at most 1,024 bytes; what a peer wrote is quoted with at most 64."
    ) {
      let long = String(repeating: "\u{1F308}", count: 200)
      let answer = try $0.call(
        "Generate",
        ["params": .map([.init(long, 1)])],
        ends: "bad_option"
      )
      let count = answer.end?.text.filter { $0 == "\u{1F308}" }.count ?? 0
      try require(count <= 16, "\(count * 4) bytes are quoted, 64 are allowed")
    },
    Case("a_quoted_model_is_clipped", "What a peer wrote is quoted in it with at most 64 bytes.") {
      _ = try $0.model(for: "Generate")
      let long = String(repeating: "m", count: 256)
      let answer = try $0.call("Generate", ["model": .string(long)], ends: "unknown_model")
      let count = answer.end?.text.split { $0 != "m" }.map(\.count).max() ?? 0
      try require(count <= 64, "\(count) bytes of the name are quoted, 64 are allowed")
    },
    Case("a_quoted_method_is_clipped", "What a peer wrote is quoted in it with at most 64 bytes.") {
      let answer = try $0.call(String(repeating: "q", count: 256), ends: "unknown_method")
      let count = answer.end?.text.split { $0 != "q" }.map(\.count).max() ?? 0
      try require(count <= 64, "\(count) bytes of the name are quoted, 64 are allowed")
    },
  ]
}
