import Wire

// §6: messages.

extension Stage {
  /// The tokens of a text, sent as these messages.
  fileprivate func tokens(_ messages: [Value]) throws -> [Int] {
    try succeed("Tokenize", ["special": false], messages).tokens
  }

  fileprivate func refused(_ method: String, _ params: Value, _ messages: [Value]) throws {
    try call(method, try options(method, params), messages, ends: "bad_message")
  }
}

extension Case {
  private static let forms = "A DATA message is str, bin or an array of uint."
  private static let text = "na\u{EF}ve \u{1F327} rain, \u{4E2D}\u{6587} and sun"

  static let input: [Case] = [
    Case("text_as_str_and_as_bin", forms) {
      let whole = try $0.tokens([.string(text)])
      try require(try $0.tokens([.binary(Array(text.utf8))]) == whole, "bin has other tokens")
    },
    Case("bin_cut_anywhere", "bin: a piece of UTF-8 text, cut anywhere.") {
      let whole = try $0.tokens([.string(text)])
      let bytes = Array(text.utf8).map { Value.binary([$0]) }
      try require(try $0.tokens(bytes) == whole, "byte by byte it has other tokens")
    },
    Case("str_and_bin_in_turn", "Text in pieces gives the same tokens as the whole.") {
      let whole = try $0.tokens([.string(text)])
      let bytes = Array(text.utf8)
      let cut: [Value] = [
        .binary(Array(bytes[..<10])), .binary(Array(bytes[10...])), "", .binary([]),
      ]
      try require(try $0.tokens(cut) == whole, "in pieces it has other tokens")
    },
    Case(
      "invalid_utf8_becomes_u_fffd",
      "Invalid UTF-8 becomes U+FFFD, one per maximal invalid part."
    ) {
      let cases: [([UInt8], String)] = [
        ([0x61, 0xFF, 0x62], "a\u{FFFD}b"), ([0xE4, 0xB8, 0x20], "\u{FFFD} "),
        ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"), ([0xF0, 0x9F, 0x8C], "\u{FFFD}"),
      ]
      for (bytes, text) in cases {
        let (given, meant) = (try $0.tokens([.binary(bytes)]), try $0.tokens([.string(text)]))
        try require(given == meant, "\(bytes) has tokens \(given), owed \(meant)")
      }
    },
    Case("invalid_utf8_in_pieces", "Invalid UTF-8 becomes U+FFFD, one per maximal invalid part.") {
      let whole = try $0.tokens([.string("a\u{FFFD}\u{FFFD} b")])
      let cut: [Value] = [.binary([0x61, 0xE4]), .binary([0xB8]), .binary([0xE4, 0x20]), "b"]
      try require(try $0.tokens(cut) == whole, "in pieces it has other tokens")
    },
    Case("tokens_are_taken", forms) {
      let options: Value = ["max_tokens": 8, "special": false]
      let answer = try $0.succeed("Predict", options, [[1, 2], [], [3]])
      let read = answer.messages.compactMap { $0.asArray?.dropFirst().first?.asInt }
      try require(read == [1, 2, 3], "1, 2, 3 were sent, read \(read)")
    },
    Case("tokens_above_the_vocabulary", "They must lie below the model's vocabulary.") {
      let vocabulary = try $0.model(for: "Predict").vocabulary
      try $0.refused("Predict", [:], [[Value(vocabulary)]])
      try $0.refused("Predict", [:], [[.uint(.max)]])
    },
    Case("negative_tokens", forms) { try $0.refused("Predict", [:], [[1, -1]]) },
    Case("tokens_that_are_floats", forms) { try $0.refused("Predict", [:], [[1.0]]) },
    Case("a_message_that_is_a_map", forms) { try $0.refused("Generate", [:], [["text": "sun"]]) },
    Case("a_message_that_is_nil", forms) { try $0.refused("Predict", [:], [nil]) },
    Case("a_message_that_is_an_integer", forms) { try $0.refused("Embed", [:], [1]) },
    Case("a_message_that_is_a_truth_value", forms) { try $0.refused("Classify", [:], [true]) },
    Case("text_after_tokens", "Text and tokens do not mix in one input.") {
      try $0.refused("Predict", ["max_tokens": 64], [[1], "sun"])
    },
    Case("tokens_after_text", "Text and tokens do not mix in one input.") {
      try $0.refused("Generate", ["max_tokens": 2], ["sun", [1]])
    },
    Case("tokenize_takes_text_only", "Tokenize takes text only.") {
      try $0.refused("Tokenize", [:], [[1]])
    },
    Case("a_long_run_is_taken", "A run without any possible break may be 65,536 bytes long.") {
      let probe = try $0.connect()
      let stream = probe.open("Tokenize", try $0.options("Tokenize"), closes: false)
      try probe.pour([UInt8](repeating: 97, count: 60_000), pieces: 6000, on: stream)
      try probe.finished(stream).ended("ok")
    },
    Case(
      "special_tokens_count_as_such",
      "Special tokens that are spelled out in text count as such."
    ) {
      let name = try $0.model(for: "Generate").name
      let options: Value = ["model": .string(name), "params": ["special": false]]
      let probe = try $0.connect()
      let one = try probe.ask("Tokenize", options, ["<|im_end|>"]).ended("ok").tokens
      guard one.count == 1 else { throw Skip("<|im_end|> is no special token here") }
      let cut = try probe.ask("Tokenize", options, ["<|im", "_end|>"]).ended("ok").tokens
      try require(cut == one, "in pieces it is another token")
    },
  ]

  static let output: [Case] = [
    Case("texts_are_whole_characters", "Never half a character.") {
      let answer = try $0.succeed(
        "Generate",
        ["max_tokens": 24, "ignore_eos": true],
        ["\u{1F327}"]
      )
      _ = try answer.text()
    },
    Case(
      "what_may_be_a_stop_string_is_held_back",
      "Held back while it could be the beginning of a stop string."
    ) {
      let params: Value = ["max_tokens": 16, "ignore_eos": true]
      let text = try $0.succeed("Generate", params, ["sun"]).text()
      let never = text.suffix(2) + "\u{1}never"
      let stops: Value = ["max_tokens": 16, "ignore_eos": true, "stop": [.string(String(never))]]
      let held = try $0.succeed("Generate", stops, ["sun"])
      try require(try held.text() == text, "a stop string that never comes changes the answer")
      try require(held.end?.metadata["finish"] == "length", "finish = length is owed")
    },
    Case(
      "the_answer_does_not_depend_on_pieces",
      "Text in pieces gives the same tokens as the whole."
    ) {
      let params: Value = ["max_tokens": 8, "ignore_eos": true]
      let whole = try $0.succeed("Generate", params, ["sun and rain"]).tokens
      let pieces = try $0.succeed("Generate", params, ["su", "n an", "d rain"]).tokens
      try require(whole == pieces, "\(whole) and \(pieces)")
    },
    Case(
      "logprobs_are_those_of_predict",
      "logprob is the natural logarithm before temperature and filters."
    ) {
      let params: Value = ["max_tokens": 1, "temperature": 0.5, "top_k": 3, "seed": 1]
      let answer = try $0.succeed("Generate", params, [[1, 2, 3]])
      let generated = answer.messages.first?.asArray ?? []
      guard answer.messages.count == 1 else { return }
      let read = try $0.succeed("Predict", ["max_tokens": 8, "top_k": 100], [[1, 2, 3]])
      let candidates = read.messages.last?.asArray?.last?.asArray ?? []
      let same = candidates.first { $0.asArray?.first == generated.first }?.asArray?.last?.asDouble
      let log = generated.last?.asDouble ?? 0
      try require(abs((same ?? 1) - log) < 1e-2, "Generate says \(log), Predict \(same ?? 1)")
    },
  ]
}
