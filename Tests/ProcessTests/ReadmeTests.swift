import MeteClient
import Support
import Testing

/// The README's Swift example compiles, runs against a daemon, and is this function.
struct ReadmeTests {
  @Test(.timeLimit(.minutes(5)))
  func theExampleRuns() async throws {
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/language")
    try TinyModels.writeBERT(to: "\(folder.path)/encoder")
    let daemon = try RunningDaemon(
      models: ["smollm2=\(folder.path)/language", "minilm=\(folder.path)/encoder"]
    )
    try await example("\(daemon.folder.path)/s")
    try daemon.stop()
  }

  @Test func theReadmeHasThisExample() throws {
    let page = Repository.text("README.md")
    let block = try #require(page.firstMatch(of: /```swift\n(?<code>(?s:.*?))```/)).code
    let shown = block.replacing("import MeteClient", with: "")
      .replacing("\"/run/mete/mete.sock\"", with: "path")
    let source = Repository.text("Tests/ProcessTests/ReadmeTests.swift")
    let begin = "private func example(_ path: String) async throws {"
    let body = try #require(source.split(separator: begin).last)
    // The last brace closes the function; space is the formatter's business.
    let run = body.filter { !$0.isWhitespace }.dropLast()
    #expect(shown.filter { !$0.isWhitespace } == run)
  }
}

private func example(_ path: String) async throws {
  let client = try await MeteClient.connect(.unix(path: path))

  // Text, token by token; why it ended; its bill.
  let generation = try await client.generate(
    "What is a meter?",
    GenerateOptions(maxTokens: 64, isChat: true),
    options: CallOptions(model: "smollm2", deadline: .seconds(30))
  )
  for try await token in generation { print(token.text, terminator: "") }
  let bill = try await generation.bill
  print(
    "\n\(try await generation.finish): \(bill.tokensOut) tokens, \(bill.macsTotal) multiply-adds"
  )

  // A prediction after every token, while the text is still being written.
  let predictions = client.predict(topK: 3, options: CallOptions(model: "smollm2"))
  async let writing: Void = {
    for piece: Input in ["The capital of ", "France is"] { try await predictions.send(piece) }
    predictions.halfClose()
  }()
  for try await prediction in predictions {
    print(prediction.position, prediction.token, prediction.candidates.map(\.token))
  }
  try await writing

  // Answers and errors alike have a bill.
  let vectors = try await client.embed(["a cat sat", "a kitten was sitting"])
  print(
    vectors.value.count,
    "vectors for",
    vectors.bill.costMicro,
    "millionths of a",
    vectors.bill.currency
  )
  do {
    _ = try await client.classify(["a cat sat"])
  } catch {
    print(error.status, error.detail, error.bill?.macsTotal ?? 0)
  }
  await client.close()
}
