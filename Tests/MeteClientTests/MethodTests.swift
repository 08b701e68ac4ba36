// Only MeteClient is imported, for that is all that its users need.
@testable import MeteClient
import Testing

@Suite(.timeLimit(.minutes(10)))
struct MethodTests {
  private func withServer(
    _ answers: [String: ScriptedServer.Answers],
    _ body: (MeteClient) async throws -> Void
  ) async throws {
    let server = try ScriptedServer(answers: answers)
    defer { server.stop() }
    let client = try await MeteClient.connect(server.address)
    try await body(client)
    await client.close()
  }

  private func only(_ message: Value) -> ScriptedServer.Answers { { $0 == nil ? [message] : [] } }

  @Test func generatedTokensComeWithTheirTextAndTheFinish() async throws {
    let answers: ScriptedServer.Answers = { message in
      message == nil ? [[5, "Hel", -0.5], [6, "", -1], [7, "lo", 0]] : []
    }
    try await withServer(["Generate": answers]) { client in
      let generation = try await client.generate("Say hello", GenerateOptions(maxTokens: 3))
      var tokens: [GeneratedToken] = []
      for try await token in generation { tokens.append(token) }
      #expect(tokens.map(\.token) == [5, 6, 7])
      #expect(tokens.map(\.text).joined() == "Hello")
      #expect(tokens.map(\.logprob) == [-0.5, -1, 0])
      #expect(try await generation.finish == .length)
      #expect(try await generation.bill.tokensIn == 1)
      let whole = try await client.generate(.tokens([1, 2])).text()
      #expect(whole.value == "Hello")
      #expect(whole.bill.tokensOut == 3)
    }
  }

  @Test func generationParametersHaveTheirNames() async throws {
    var options = GenerateOptions(maxTokens: 3, temperature: 0.5, isChat: true)
    options.topK = 4
    options.topP = 0.9
    options.minP = 0.1
    options.repetitionPenalty = 1.1
    options.seed = 9
    options.stop = ["a", "b"]
    options.system = "be brief"
    options.ignoresEndOfText = true
    let expected: Value = [
      "max_tokens": 3, "temperature": 0.5, "top_k": 4, "top_p": 0.9, "min_p": 0.1,
      "repetition_penalty": 1.1, "seed": 9, "stop": ["a", "b"], "format": "chat",
      "system": "be brief", "ignore_eos": true,
    ]
    #expect(Value.map(CallOptions().adding(options.params).params) == expected)
    #expect(CallOptions().adding(GenerateOptions().params).params.isEmpty)
  }

  @Test func longInputsTravelInPieces() {
    let text = String(repeating: "é", count: 10_000)
    let pieces = Input.text(text).pieces
    #expect(pieces.count == 3)
    #expect(pieces.flatMap { $0.asBytes ?? [] } == Array(text.utf8))
    let tokens = Array(0 ..< 2_500)
    let parts = Input.tokens(tokens).pieces
    #expect(parts.count == 3)
    #expect(parts.flatMap { ($0.asArray ?? []).compactMap(\.asInt) } == tokens)
    #expect(Input.text("").pieces == [""])
    #expect(Input.bytes([]).pieces == [.binary([])])
  }

  @Test func predictionsComeWhileTheInputIsBeingSent() async throws {
    let answers: ScriptedServer.Answers = { message in
      guard let tokens = message?.asArray else { return [] }
      return tokens.map { [$0, $0, [[1, -0.25], [2, -2]]] }
    }
    try await withServer(["Predict": answers]) { client in
      let predictions = client.predict(topK: 2)
      var iterator = predictions.makeAsyncIterator()
      for position in 0 ..< 50 {
        // Each prediction is read before the next token is sent.
        try await predictions.send(.tokens([position]))
        let prediction = try #require(try await iterator.next())
        #expect(prediction.position == position)
        #expect(prediction.token == position)
        #expect(prediction.candidates.map(\.token) == [1, 2])
        #expect(prediction.candidates.map(\.logprob) == [-0.25, -2])
      }
      predictions.halfClose()
      #expect(try await iterator.next() == nil)
      #expect(try await predictions.bill.tokensOut == 50)
    }
  }

  @Test func embeddingMoreThanTheWindowsHoldDoesNotStall() async throws {
    // 4 KiB of vector for each of 300 texts of 1 KiB: both directions run out of credit many times.
    let vector = [UInt8](repeating: 0, count: 4092) + [0, 0, 0xC0, 0x3F]
    let answers: ScriptedServer.Answers = { $0 == nil ? [] : [[0, .binary(vector)]] }
    try await withServer(["Embed": answers]) { client in
      let texts = (0 ..< 300).map { "\($0)" + String(repeating: "x", count: 1024) }
      let embedded = try await client.embed(texts, normalize: true)
      #expect(embedded.value.count == 300)
      #expect(embedded.value.allSatisfy { $0.count == 1024 && $0[1023] == 1.5 && $0[0] == 0 })
      #expect(embedded.bill.tokensIn == 300)
      #expect(try await client.embed([]).value.isEmpty)
    }
  }

  @Test func aTextThatIsTooLongToSendIsTheReason() async throws {
    try await withServer(["Embed": { $0 == nil ? [] : [[0, .binary([])]] }]) { client in
      let texts = ["short", String(repeating: "x", count: 100_000), "short"]
      let error = await #expect(throws: MeteError.self) { try await client.embed(texts) }
      #expect(error?.detail == "frame_too_large")
      #expect(error?.bill?.status == .cancelled)
    }
  }

  @Test func textsAreClassified() async throws {
    let answers: ScriptedServer.Answers = {
      $0 == nil ? [] : [[0, [["good", 0.75], ["bad", 0.25]]]]
    }
    try await withServer(["Classify": answers]) { client in
      let labelled = try await client.classify(["a", "b"], topK: 2, pair: "c", truncate: true)
      #expect(labelled.value.count == 2)
      #expect(labelled.value[1].map(\.name) == ["good", "bad"])
      #expect(labelled.value[1].map(\.score) == [0.75, 0.25])
    }
  }

  @Test func tokensOfAllMessagesAreJoined() async throws {
    try await withServer(["Tokenize": { $0 == nil ? [[4]] : [[1, 2], [3]] }]) { client in
      let tokens = try await client.tokenize("abc", special: false)
      #expect(tokens.value == [1, 2, 3, 4])
    }
  }

  @Test func modelsAreDescribed() async throws {
    let card: Value = [
      "name": "small", "family": "llama", "methods": ["Generate"], "parameters": 135, "layers": 30,
      "width": 576, "vocabulary": 49152, "positions_max": 2048, "pooling": nil, "labels": [],
      "format": "gguf", "sha256": "ab", "tariff": ["currency": "EUR", "micro_per_gmac": 2.5],
      "later": true,
    ]
    let answers = ["Models.List": only([card, card]), "Models.Describe": only(card)]
    try await withServer(answers) { client in
      #expect(try await client.models().count == 2)
      let model = try await client.model(named: "small")
      #expect(model.name == "small")
      #expect(model.positionsMax == 2048)
      #expect(model.pooling == nil)
      #expect(model.currency == "EUR")
      #expect(model.microPerGigaMAC == 2.5)
      #expect(model.fields == card)
    }
  }

  @Test func theServerAnswersForItself() async throws {
    var bill = Bill(call: CallID())
    bill.tokensIn = 3
    let answers = [
      "Health.Check": only(["status": "SERVING"]), "Usage.Bill": only(bill.value),
      "Reflect.Describe": only(["version": 1]),
    ]
    try await withServer(answers) { [bill] client in
      let health = try await client.health()
      #expect(health == .serving)
      #expect(try await client.bill(of: bill.call) == bill)
      #expect(try await client.reflect()["version"] == 1)
      #expect(try await client.ping() > .zero)
    }
  }

  @Test(arguments: [
    Value.nil, 7, "text", [], [1, 2], [["x", "text", 0]], ["status": "?"], [1, [["x"]]],
  ])
  func anAnswerOfTheWrongShapeIsAnErrorWithItsBill(_ wrong: Value) async throws {
    let all = ["Generate", "Embed", "Classify", "Tokenize", "Models.List", "Models.Describe"]
    let answers = Dictionary(uniqueKeysWithValues: all.map { ($0, only(wrong)) })
    try await withServer(answers) { client in
      var errors: [MeteError?] = []
      errors.append(
        await #expect(throws: MeteError.self) { try await client.generate("x").text() }
      )
      errors.append(await #expect(throws: MeteError.self) { try await client.embed(["x"]) })
      errors.append(await #expect(throws: MeteError.self) { try await client.classify(["x"]) })
      if wrong != [], wrong != [1, 2] {
        errors.append(await #expect(throws: MeteError.self) { try await client.tokenize("x") })
      }
      errors.append(
        await #expect(throws: MeteError.self) { try await client.model(named: "x") }
      )
      for error in errors {
        #expect(error?.status == .internal)
        #expect(error?.detail == MeteError.Local.badReply)
      }
      #expect(errors.prefix(3).allSatisfy { $0?.bill?.macsTotal == 42 })
    }
  }
}
