import Foundation
import Support
import Testing

/// `mete generate` against a daemon.
@Suite(.serialized)
struct GenerateTests {
  static let call = "00112233445566778899aabbccddeeff"

  @Test func theTextStandsAloneAndTheBillBesideIt() throws {
    let daemon = try RunningDaemon()
    let plain = try daemon.mete("generate", "--max-tokens", "12", "--call", Self.call, "abc")
    #expect(plain.code == 0, "\(plain)")
    #expect(plain.errors.contains("bill \(Self.call)"), "\(plain)")
    #expect(plain.errors.contains("Generate on letters"), "\(plain)")
    #expect(plain.errors.contains("finish length"), "\(plain)")
    let quiet = try daemon.mete("generate", "--max-tokens", "12", "--no-bill", "abc")
    #expect(quiet.errors.trimmingCharacters(in: .newlines).isEmpty, "\(quiet)")
    #expect(quiet.output == plain.output)
    #expect(plain.output.count == 12, "one letter per token: \(plain.output.debugDescription)")
    try daemon.stop()
  }

  /// Every line is a name, a figure, and what is said of it.
  @Test func theFiguresOfABillEndInOneColumn() throws {
    let daemon = try RunningDaemon()
    let made = try daemon.mete("generate", "--max-tokens", "12", "abc")
    let lines = made.errors.split(separator: "\n").drop { !$0.hasPrefix("bill ") }.dropFirst(2)
    #expect(lines.count >= 10, "\(made)")
    let ends = try lines.map { line in
      let figure = try #require(
        line.firstMatch(of: /^ +[a-z][a-z -]*[a-z] +(?<figure>[0-9][0-9,.]*)/)
      )
      return line.distance(from: line.startIndex, to: figure.figure.endIndex)
    }
    #expect(Set(ends).count == 1, "figures end at \(ends): \(made)")
    #expect(
      Set(lines.map { $0.prefix { $0 == " " }.count }) == [2, 4],
      "parts stand below their sum"
    )
    try daemon.stop()
  }

  @Test func jsonHasTheSameTextThenTheEndThenTheBill() throws {
    let daemon = try RunningDaemon()
    let plain = try daemon.mete("generate", "--max-tokens", "9", "abc")
    let json = try daemon.mete("generate", "--max-tokens", "9", "--json", "abc")
    let lines = try json.objects()
    try #require(lines.count == 11, "\(json)")
    #expect(lines.prefix(9).compactMap { $0["text"] as? String }.joined() == plain.output)
    let end = try #require(lines[9]["end"] as? [String: Any])
    #expect(end["status"] as? String == "OK")
    #expect(end["finish"] as? String == "length")
    let bill = try #require(lines[10]["bill"] as? [String: Any])
    #expect(bill["tokens_in"] as? Int == 3)
    #expect(bill["tokens_out"] as? Int == 9)
    #expect(json.errors.isEmpty, "\(json)")
    try daemon.stop()
  }

  @Test func aPromptMayBeAnArgumentOrPipedOrTokens() throws {
    let daemon = try RunningDaemon()
    let ids = TinyModel.tokens(of: "a sunny day").map { "\($0)" }.joined(separator: " ")
    let argument = try daemon.mete("generate", "--max-tokens", "8", "a sunny day")
    let piped = try daemon.mete("generate", "--max-tokens", "8", input: "a sunny day\n")
    let dash = try daemon.mete("generate", "--max-tokens", "8", "-", input: "a sunny day")
    let tokens = try daemon.mete("generate", "--max-tokens", "8", "--tokens", ids)
    #expect(argument.output.count == 8)
    #expect(piped.output == argument.output)
    #expect(dash.output == argument.output)
    #expect(tokens.output == argument.output)
    try daemon.stop()
  }

  @Test func sameSeedSameTextAndAnotherOneAnother() throws {
    let daemon = try RunningDaemon()
    let sampled = ["generate", "--max-tokens", "40", "--temperature", "1"]
    let drawn = try ["7", "7", "8"].map { seed in
      try daemon.start(sampled + ["--seed", seed, "abc"]).finish()
    }
    #expect(drawn[0].output == drawn[1].output)
    #expect(drawn[0].output != drawn[2].output)
    #expect(drawn[0].errors.contains("finish length, seed 7\n"), "\(drawn[0])")
    let unseeded = try daemon.start(sampled + ["--json", "abc"]).finish().objects()
    let end = try #require(unseeded.compactMap { $0["end"] as? [String: Any] }.first)
    let seed = try #require(end["seed"] as? String, "\(end)")
    let text = unseeded.compactMap { $0["text"] as? String }.joined()
    #expect(try daemon.start(sampled + ["--seed", seed, "abc"]).finish().output == text)
    try daemon.stop()
  }

  @Test func aStopStringEndsTheText() throws {
    let daemon = try RunningDaemon()
    let whole = try daemon.mete("generate", "--max-tokens", "8", "abc").output
    let stop = String(try #require(whole.dropFirst(3).first))
    let cut = try daemon.mete("generate", "--max-tokens", "8", "--stop", stop, "abc")
    #expect(cut.output == whole.prefix { String($0) != stop })
    #expect(cut.errors.contains("finish stop_string"), "\(cut)")
    try daemon.stop()
  }

  @Test func aModelWithoutAChatFormatSaysSo() throws {
    let daemon = try RunningDaemon()
    let chat = try daemon.mete("generate", "--chat", "hello")
    #expect(chat.code == 1)
    #expect(chat.output.isEmpty)
    let line = "mete: FAILED_PRECONDITION unsuitable_model: letters carries no chat template"
    #expect(chat.errors.hasPrefix(line), "\(chat)")
    try daemon.stop()
  }

  @Test func theDeadlineEndsACallAndTheBillComes() throws {
    let daemon = try RunningDaemon()
    let late = try daemon.mete(
      "generate",
      "--deadline",
      "0.3",
      "--max-tokens",
      "190000",
      "--ignore-eos",
      "--json",
      "abc"
    )
    #expect(late.code == 1, "\(late.errors)")
    #expect(late.errors.hasPrefix("mete: DEADLINE_EXCEEDED deadline: "), "\(late.errors)")
    let lines = try late.objects().suffix(2)
    #expect((lines.first?["end"] as? [String: Any])?["code"] as? Int == 4)
    let bill = try #require(lines.last?["bill"] as? [String: Any], "\(late.errors)")
    #expect((bill["macs_total"] as? Int ?? 0) > 0)
    try daemon.stop()
  }

  @Test func anUnknownModelIsNamed() throws {
    let daemon = try RunningDaemon()
    let wrong = try daemon.mete("generate", "--model", "nope", "abc")
    #expect(wrong.code == 1)
    let lines = wrong.errors.split(separator: "\n")
    #expect(
      lines.first
        == "mete: NOT_FOUND unknown_model: there is no model \"nope\"; `mete models` lists them"
    )
    #expect(wrong.errors.contains("nothing is charged"), "\(wrong)")
    try daemon.stop()
  }

  @Test func theBillCanBeAskedForAgain() throws {
    let daemon = try RunningDaemon()
    let made = try daemon.mete(
      "generate",
      "--max-tokens",
      "5",
      "--json",
      "--call",
      Self.call,
      "abc"
    )
    let again = try daemon.mete("bill", "--json", Self.call)
    #expect(again.output.hasPrefix("{\"bill\":{\"call\":\"\(Self.call)\""), "\(again)")
    #expect(made.output.hasSuffix(again.output), "\(made)\n\(again)")
    let table = try daemon.mete("bill", Self.call)
    #expect(table.output.hasPrefix("bill \(Self.call)\n  Generate on letters"), "\(table)")
    let taken = try daemon.mete("generate", "--call", Self.call, "abc")
    #expect(taken.errors.hasPrefix("mete: ALREADY_EXISTS call_in_use: "), "\(taken)")
    try daemon.stop()
  }

  @Test func overTCPItIsTheSame() throws {
    let daemon = try RunningDaemon(tcp: true)
    let text = try daemon.mete("generate", "--max-tokens", "12", "abc")
    #expect(text.output.count == 12, "\(text)")
    #expect(text.errors.contains("for tcp: OK"), "\(text)")
    try daemon.stop()
  }

  @Test(.enabled(if: ModelCache.path("smollm2") != nil, "the models are not fetched"))
  func aRealModelKnowsTheCapitalOfFrance() throws {
    let path = try #require(ModelCache.path("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"))
    let daemon = try RunningDaemon(models: ["smollm2=\(path)"])
    let text = try daemon.mete("generate", "--max-tokens", "4", "The capital of France is")
    #expect(text.output.hasPrefix(" Paris"), "\(text)")
    try daemon.stop()
  }
}
