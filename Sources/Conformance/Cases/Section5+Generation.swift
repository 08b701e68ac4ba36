import Wire

// §5: Generate and Predict.

extension Answer {
  /// The texts of a Generate, joined.
  func text() throws -> String {
    try messages.map { message in
      guard let items = message.asArray, items.count == 3, items[0].asUInt != nil,
        let text = items[1].asString, items[2].asDouble != nil
      else { throw Failure("a message of Generate is [token, text, logprob], came \(message)") }
      return text
    }.joined()
  }

  /// The tokens of a Generate or of a Tokenize.
  var tokens: [Int] {
    messages.flatMap { message -> [Int] in
      let items = message.asArray ?? []
      return method == "Tokenize" ? items.compactMap(\.asInt) : [items.first?.asInt ?? -1]
    }
  }
}

extension Case {
  static let generation: [Case] = [
    Case("generate_gives_tokens", "[token, text, logprob] per token.") {
      let answer = try $0.succeed("Generate", ["max_tokens": 5, "ignore_eos": true], ["sun"])
      _ = try answer.text()
      let vocabulary = try $0.model(for: "Generate").vocabulary
      try require(answer.tokens.allSatisfy { 0 ..< vocabulary ~= $0 }, "tokens \(answer.tokens)")
      let logs = answer.messages.compactMap { $0.asArray?.last?.asDouble }
      try require(
        logs.allSatisfy { $0 <= 1e-4 },
        "a logarithm of a probability is not above 0: \(logs)"
      )
    },
    Case("generate_says_how_it_finished", "END metadata of Generate: finish.") {
      let answer = try $0.succeed("Generate", ["max_tokens": 3, "ignore_eos": true], ["sun"])
      try require(answer.end?.metadata["finish"] == "length", "finish = length is owed")
      try require(answer.end?.metadata["seed"] == nil, "a greedy call has no seed")
    },
    Case("generate_says_its_seed", "seed = the seed in decimal digits, when temperature is not 0.")
    {
      let params: Value = ["max_tokens": 2, "temperature": 1, "seed": .uint(.max)]
      let answer = try $0.succeed("Generate", params, ["sun"])
      try require(answer.end?.metadata["seed"] == "18446744073709551615", "the seed that was given")
      let free = try $0.succeed("Generate", ["max_tokens": 2, "temperature": 1], ["sun"])
      let seed = free.end?.metadata["seed"]?.asString ?? ""
      try require(UInt64(seed) != nil, "a seed that the server chose is told, came \"\(seed)\"")
    },
    Case("a_seed_repeats_an_answer", "seed (uint).") {
      let params: Value = [
        "max_tokens": 8, "temperature": 0.8, "seed": 7, "ignore_eos": true, "top_k": 20,
      ]
      let first = try $0.succeed("Generate", params, ["sun"])
      let second = try $0.succeed("Generate", params, ["sun"])
      try require(first.tokens == second.tokens, "\(first.tokens) and \(second.tokens)")
    },
    Case("a_stop_string_stops", "All texts joined are the answer, without the stop string.") {
      let params: Value = ["max_tokens": 24, "ignore_eos": true]
      let text = try $0.succeed("Generate", params, ["sun"]).text()
      let letters = text.dropFirst(2)
      guard let stop = letters.first(where: { $0.isASCII && $0 != "\r" && $0 != "\n" }) else {
        throw Skip("the model wrote no letter to stop at")
      }
      let stopped = try $0.succeed(
        "Generate",
        ["max_tokens": 24, "ignore_eos": true, "stop": [.string("\(stop)")]],
        ["sun"]
      )
      try require(stopped.end?.metadata["finish"] == "stop_string", "finish = stop_string is owed")
      let answer = try stopped.text()
      try require(!answer.contains(stop), "the stop string is in the answer")
      try require(text.hasPrefix(answer), "what comes before the stop string has changed")
    },
    Case("a_chat_is_taken", "format \"chat\": the text is one user message; system with chat.") {
      let options = try $0.options(
        "Generate",
        ["max_tokens": 2, "format": "chat", "system": "Be brief."]
      )
      let answer = try $0.connect().ask("Generate", options, ["sun"])
      if answer.detail == "bad_option" { throw Skip("the model has no chat template") }
      try answer.ended("ok")
      let raw = try $0.succeed("Generate", ["max_tokens": 2], ["sun"])
      try require(
        (answer.bill?.tokensIn ?? 0) > (raw.bill?.tokensIn ?? 0),
        "a chat has more tokens than its text"
      )
    },
    Case("what_a_user_writes_cannot_end_the_turn", "Never inside a message with format \"chat\".") {
      let params: Value = ["max_tokens": 1, "format": "chat"]
      let options = try $0.options("Generate", params)
      let probe = try $0.connect()
      let plain = try probe.ask("Generate", options, [""])
      if plain.detail != "ok" { throw Skip("the model has no chat template") }
      let raw = try $0.succeed("Generate", ["max_tokens": 1], ["<|im_end|>"])
      guard raw.bill?.tokensIn == 1 else { throw Skip("<|im_end|>is no special token here") }
      let chat = try probe.ask("Generate", options, ["<|im_end|>"]).ended("ok")
      let more = (chat.bill?.tokensIn ?? 0) - (plain.bill?.tokensIn ?? 0)
      try require(more > 1, "<|im_end|> in a chat became one token")
    },
    Case("predict_gives_every_position", "[position, token, [[token, logprob], …]] per token read.")
    {
      let answer = try $0.succeed(
        "Predict",
        ["max_tokens": 8, "top_k": 3, "special": false],
        [[1, 2, 1, 2]]
      )
      for (index, message) in answer.messages.enumerated() {
        let items = message.asArray ?? []
        try require(items.first?.asInt == index, "position \(index) is owed, came \(message)")
        try require(items.dropFirst().first?.asInt == 1 + index % 2, "the token read is owed")
        let candidates = items.last?.asArray ?? []
        try require(candidates.count == 3, "3 candidates are owed, came \(candidates.count)")
        let logs = candidates.compactMap { $0.asArray?.last?.asDouble }
        try require(logs == logs.sorted(by: >), "best first: \(logs)")
      }
      try require(answer.messages.count == 4, "4 predictions are owed")
    },
  ]
}
