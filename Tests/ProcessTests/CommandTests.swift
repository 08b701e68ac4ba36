import Foundation
import Support
import Testing

/// The other subcommands against a daemon.
@Suite(.serialized)
struct CommandTests {
  @Test func predictionsComeWhileTheTextIsStillComing() throws {
    let daemon = try RunningDaemon()
    let call = try daemon.start(["predict", "--json", "--top-k", "3"])
    call.type("ab c")
    // Its standard input is open; "ab" is certain, and "c" may yet become another word.
    try call.waitForOutput("\"position\":1")
    call.type("d")
    let ended = try call.finish()
    let lines = try ended.objects().filter { $0["position"] != nil }
    #expect(lines.compactMap { $0["position"] as? Int } == Array(0 ..< 5))
    #expect(lines.compactMap { $0["token"] as? Int } == TinyModel.tokens(of: "ab cd"))
    #expect(lines.allSatisfy { ($0["candidates"] as? [Any])?.count == 3 })
    let table = try daemon.mete("predict", "ab cd")
    #expect(table.output.split(separator: "\n").count == 6, "\(table)")
    let long = try daemon.mete("predict", "--max-tokens", "3", "ab cd")
    #expect(long.code == 1)
    #expect(long.errors.hasPrefix("mete: OUT_OF_RANGE context_too_long: "), "\(long)")
    try daemon.stop()
  }

  @Test func tokenizeWritesTheIds() throws {
    let daemon = try RunningDaemon()
    let expected = TinyModel.tokens(of: "no rain")
    let plain = try daemon.mete("tokenize", "no rain")
    #expect(plain.output == expected.map { "\($0)" }.joined(separator: " ") + "\n")
    let json = try daemon.mete("tokenize", "--json", input: "no rain\n")
    #expect(try json.objects().first?["tokens"] as? [Int] == expected, "\(json)")
    let encoder = try daemon.mete("tokenize", "--model", "weather", "no rain")
    #expect(encoder.output == "2 7 5 3\n")
    try daemon.stop()
  }

  @Test func embedGivesAVectorPerText() throws {
    let daemon = try RunningDaemon()
    let json = try daemon.mete("embed", "--json", "much rain", "sun", "much rain")
    let vectors = try json.objects().compactMap { $0["vector"] as? [Double] }
    #expect(vectors.map(\.count) == [32, 32, 32], "\(json)")
    let twice = zip(vectors.first ?? [], vectors.last ?? []).map { abs($0 - $1) }
    #expect(twice.allSatisfy { $0 < 1e-4 }, "the same text twice: \(twice)")
    let lines = try daemon.mete("embed", "--similarity", input: "much rain\nsun\nmuch rain\n")
    let rows = lines.output.split(separator: "\n").map { $0.split(separator: " ") }
    try #require(rows.count == 4, "\(lines)")
    #expect(rows[1].dropFirst().first == "1.000", "\(lines)")
    #expect(rows[1][3] == "1.000", "the same text twice: \(lines)")
    #expect(rows[1][2] != "1.000", "\(lines)")
    try daemon.stop()
  }

  @Test func classifyGivesLabelsBestFirst() throws {
    let daemon = try RunningDaemon()
    let json = try daemon.mete("classify", "--json", "no wind", "much rain")
    let texts = try json.objects().compactMap { $0["labels"] as? [[String: Any]] }
    try #require(texts.count == 2, "\(json)")
    for labels in texts {
      let scores = labels.compactMap { $0["score"] as? Double }
      #expect(scores == scores.sorted(by: >))
      #expect(abs(scores.reduce(0, +) - 1) < 1e-5)
      #expect(
        labels.compactMap { $0["label"] as? String }.sorted() == ["calm", "drizzle", "stormy"]
      )
    }
    let best = try daemon.mete("classify", "--top-k", "1", "no wind")
    #expect(best.output.hasSuffix("\"no wind\"\n"), "\(best)")
    #expect(best.output.split(separator: " ").count == 4, "\(best)")
    try daemon.stop()
  }

  @Test func aModelThatCannotSaysWhatItCan() throws {
    let daemon = try RunningDaemon()
    let wrong = try daemon.mete("classify", "--model", "letters", "abc")
    #expect(wrong.code == 1)
    #expect(
      wrong.errors.hasPrefix(
        "mete: FAILED_PRECONDITION unsuitable_model: letters cannot serve Classify; "
          + "it serves Generate, Predict, Tokenize; `mete models` shows what each can do\n"
      ),
      "\(wrong)"
    )
    try daemon.stop()
  }

  @Test func aStreamIsJudgedTokenByToken() throws {
    let daemon = try RunningDaemon()
    let text = "the rain and the sun"
    let verdicts = try daemon.mete("stream", "--model", "weather", "--json", text).objects()
    let lines = verdicts.filter { $0["position"] != nil }
    #expect(lines.compactMap { $0["position"] as? Int } == Array(0 ..< 5))
    // As the tokenizer writes them; the tiny vocabulary knows two of the words.
    let words = lines.compactMap { ($0["text"] as? String)?.trimmingCharacters(in: .whitespaces) }
    #expect(words == ["[UNK]", "rain", "[UNK]", "[UNK]", "sun"])
    let macs = lines.compactMap { $0["macs"] as? Int }
    #expect(macs.count == 5 && macs == macs.sorted() && macs[0] > 0)
    let shown = try daemon.mete("stream", "--model", "weather", text).output.split(separator: "\n")
    #expect(
      shown.count == 6 && shown[0].hasPrefix("token") && shown[5].hasPrefix("sun"),
      "\(shown)"
    )
    let never = try daemon.mete(
      "stream",
      "--model",
      "weather",
      "--watch",
      "calm",
      "--above",
      "1",
      text
    )
    #expect(never.output.split(separator: "\n").count == 1, "a quiet stream says nothing: \(never)")
    let wrong = try daemon.mete("stream", "--model", "weather", "--watch", "hail", text)
    #expect(wrong.errors.contains("has no label \"hail\""), "\(wrong)")
    try daemon.stop()
  }

  @Test func modelsAreListedAndDescribed() throws {
    let daemon = try RunningDaemon()
    let list = try daemon.mete("models").output.split(separator: "\n")
    try #require(list.count == 3)
    #expect(list[1].hasPrefix("letters  llama"))
    #expect(list[2].contains("Embed Classify ClassifyStream Tokenize"))
    let card = try daemon.mete("models", "weather")
    #expect(card.output.contains("labels      calm, stormy, drizzle\n"), "\(card)")
    let json = try daemon.mete("models", "--json").objects()
    #expect(json.compactMap { $0["name"] as? String } == ["letters", "weather"])
    let unknown = try daemon.mete("models", "nope")
    #expect(unknown.code == 1)
    #expect(unknown.errors.hasPrefix("mete: NOT_FOUND unknown_model: "), "\(unknown)")
    try daemon.stop()
  }

  @Test func healthWaitsForADaemonThatIsStarting() throws {
    let folder = try TemporaryFolder()
    let address = "unix:\(folder.path)/s"
    let early = try Child(.mete, ["health", "--address", address]).finish()
    #expect(early.code == 69)
    #expect(early.errors.hasPrefix("mete: UNAVAILABLE connect_failed: connect: ENOENT"), "\(early)")
    #expect(early.errors.contains("is meted running there?"), "\(early)")
    let waiting = try Child(.mete, ["health", "--wait", "50", "--address", address])
    let daemon = try RunningDaemon(folder: folder)
    let answered = try waiting.finish()
    #expect(answered.code == 0, "\(answered)")
    #expect(answered.output == "SERVING\n")
    try daemon.stop()
  }

  @Test func anUnknownCallHasNoBill() throws {
    let daemon = try RunningDaemon()
    let none = try daemon.mete("bill", GenerateTests.call)
    #expect(none.code == 1)
    #expect(none.errors.hasPrefix("mete: NOT_FOUND unknown_call: "), "\(none)")
    try daemon.stop()
  }

  @Test(arguments: [
    (["generate", "--address", "elsewhere", "x"], "an address begins with unix: or tcp:"),
    (["generate", "--address", "tcp:host", "x"], "tcp: needs HOST:PORT"),
    (["generate", "--system", "be brief", "x"], "--system needs --chat"),
    (["generate", "--tokens", "1 b"], "\"b\" is no token id"),
    (["generate", "--effort", "2", "x"], "--effort is 0 to 1"),
    (["embed"], "there is no text in standard input"),
    (["bill", "12"], "a call's id is 32 hexadecimal digits"),
  ])
  func aWrongCommandLineIsExplained(arguments: [String], reason: String) throws {
    let wrong = try Child(.mete, arguments).finish()
    #expect(wrong.code == 64, "\(wrong)")
    #expect(wrong.errors.contains(reason), "\(wrong)")
  }

  @Test func aWrongAddressInTheEnvironmentIsNamed() throws {
    let wrong = try Child(.mete, ["models"], environment: ["METE_ADDRESS": "nowhere"]).finish()
    #expect(wrong.code == 64, "\(wrong)")
    #expect(wrong.errors.contains("METE_ADDRESS is \"nowhere\""), "\(wrong)")
  }

  @Test func anyMethodCanBeCalledAsTheDaemonDescribesIt() throws {
    let daemon = try RunningDaemon()
    let list = try daemon.mete("call")
    #expect(list.output.contains("Generate: text or tokens → [token, text, logprob], …"), "\(list)")
    #expect(list.output.contains("  max_tokens  uint ≥ 1, otherwise 128"), "\(list)")
    let tokens = try daemon.mete("call", "Tokenize", "no ", "rain")
    let ids = tokens.output.split { !$0.isNumber }.compactMap { Int($0) }
    #expect(ids == TinyModel.tokens(of: "no rain"), "\(tokens)")
    #expect(tokens.errors.contains("Tokenize on letters"), "\(tokens)")
    let some = try daemon.mete("call", "Generate", "-p", "max_tokens=3", "-p", "stop=qqq", "ab")
    #expect(some.output.split(separator: "\n").count == 3, "\(some)")
    let piped = try daemon.mete("call", "Generate", "-p", "max_tokens=3", "-", input: "ab")
    #expect(piped.output == some.output)
    let wrong = try daemon.mete("call", "Generate", "-p", "max_tokens=many", "ab")
    #expect(wrong.code == 64 && wrong.errors.contains("must be uint ≥ 1"), "\(wrong)")
    #expect(try daemon.mete("call", "Generate", "-p", "tokens=1", "ab").code == 64)
    #expect(try daemon.mete("call", "Nonsense").errors.contains("`mete call` lists them"))
    try daemon.stop()
  }

  @Test func healthIsWatchedUntilTheDaemonGoes() throws {
    let daemon = try RunningDaemon()
    let watch = try daemon.start(["health", "--watch"])
    try watch.waitForOutput("SERVING\n")
    try daemon.stop()
    let ended = try watch.finish()
    #expect(ended.output == "SERVING\nNOT_SERVING\n", "\(ended)")
    #expect(ended.code == 1)
  }

  @Test func conformanceShowsATableAndTellsByItsExitCode() throws {
    let daemon = try RunningDaemon()
    let table = try daemon.mete("conformance", "--only", "3.*", "--only", "unknown_model")
    #expect(table.code == 0, "\(table)")
    #expect(table.output.contains("\n§3 The life of a connection\n"), "\(table)")
    #expect(table.output.contains(" unknown_model "), "\(table)")
    #expect(table.output.contains(", 0 failed, "), "\(table)")
    let lines = table.output.split(separator: "\n").filter { $0.hasPrefix("  3.") }
    let places = lines.map { $0.split(separator: " ms", maxSplits: 1).first?.count }
    #expect(Set(places).count == 1, "columns do not align")
    let json = try daemon.mete(
      "conformance",
      daemon.address,
      "--json",
      "--only",
      "ping_is_answered"
    )
    let objects = try json.objects()
    #expect(objects.first?["result"] as? String == "pass", "\(json)")
    #expect(objects.last?["cases"] as? Int == 1, "\(json)")
    let list = try Child(.mete, ["conformance", "--list"]).finish()
    #expect(list.code == 0 && list.output.split(separator: "\n").count >= 120, "\(list)")
    let unknown = try Child(.mete, ["conformance", "--only", "nonsense"]).finish()
    #expect(unknown.code == 64 && unknown.errors.contains("--list"), "\(unknown)")
    try daemon.stop()
    let nobody = try daemon.mete("conformance")
    #expect(nobody.code == 69 && nobody.errors.contains("is meted running there?"), "\(nobody)")
  }
}
