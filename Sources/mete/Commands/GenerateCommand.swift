import ArgumentParser
import MeteClient

/// `mete generate`: text from a language model, token by token.
struct GenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Generate text from a prompt, as it comes.",
    discussion: """
      The text goes to standard output, and nothing else does; the bill follows on standard error. With \
      --json every token is a line, then the end, then the bill. Interrupting (Ctrl-C) cancels the call \
      and shows what it cost until then.
      """
  )

  @Argument(help: "The prompt; without it, or with -, standard input less its last line break.")
  var prompt: String?

  @Flag(help: "The prompt is token ids, separated by spaces.")
  var tokens = false

  @Flag(help: "The prompt is one message of a user, for the model's chat format.")
  var chat = false

  @Option(help: "The system message before it; needs --chat.")
  var system: String?

  @Option(help: "The most tokens to generate (the server's default is 128).")
  var maxTokens: Int?

  @Option(help: "0 takes the likeliest token always (the default).")
  var temperature: Double?

  @Option(help: "Draw from this many likeliest tokens only; 0 is off.")
  var topK: Int?

  @Option(help: "Draw from the likeliest tokens up to this sum of probabilities only.")
  var topP: Double?

  @Option(help: "Draw from tokens of at least this part of the likeliest one's probability only.")
  var minP: Double?

  @Option(help: "Above 1 makes tokens that were there less likely.")
  var repetitionPenalty: Double?

  @Option(help: "The same seed draws the same tokens.")
  var seed: UInt64?

  @Option(help: "End before this text. Repeatable.")
  var stop: [String] = []

  @Flag(help: "Go on after the end-of-text token.")
  var ignoreEos = false

  @OptionGroup var call: CallArguments

  func validate() throws {
    if system != nil, !chat { throw ValidationError("--system needs --chat") }
    if chat, tokens { throw ValidationError("--chat takes text, not --tokens") }
  }

  func run() async throws {
    let input = try readInput()
    let display = call.display
    let settings = settings
    try await call.perform { client, options in
      let generation = try await client.generate(input, settings, options: options)
      var writer = GenerationWriter(display)
      do {
        for try await token in generation { try writer.write(token) }
      } catch let error as MeteError {
        try writer.finish()
        throw error
      }
      try writer.finish()
      let (end, bill) = try await generation.call.result()
      return Receipt(bill: bill, metadata: end.metadata)
    }
  }

  private func readInput() throws -> Input {
    let bytes: [UInt8] =
      if let prompt, prompt != "-" {
        Array(prompt.utf8)
      } else {
        try StandardInput.readAll(unlessTyped: prompt == nil)
      }
    guard tokens else { return .bytes(bytes) }
    let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace || $0 == "," }
    return .tokens(
      try words.map { word in
        guard let token = Int(word), token >= 0 else {
          throw ValidationError("\"\(word)\" is no token id")
        }
        return token
      }
    )
  }

  private var settings: GenerateOptions {
    var settings = GenerateOptions()
    settings.maxTokens = maxTokens
    settings.temperature = temperature
    settings.topK = topK
    settings.topP = topP
    settings.minP = minP
    settings.repetitionPenalty = repetitionPenalty
    settings.seed = seed
    settings.stop = stop
    settings.isChat = chat
    settings.system = system
    settings.ignoresEndOfText = ignoreEos ? true : nil
    return settings
  }
}

/// Writes tokens as they come.
private struct GenerationWriter {
  private let display: DisplayArguments
  private var endsLine = true

  init(_ display: DisplayArguments) { self.display = display }

  mutating func write(_ token: GeneratedToken) throws {
    if display.json {
      try Terminal.write(json: [
        "token": Value(token.token), "text": .string(token.text), "logprob": .double(token.logprob),
      ])
    } else if let last = token.text.last {
      try Terminal.write(token.text)
      endsLine = last.isNewline
    }
  }

  /// Ends the line for whatever comes next on the terminal; a file gets the text alone.
  mutating func finish() throws {
    guard !display.json, !endsLine else { return }
    endsLine = true
    if Terminal.isWatched {
      try Terminal.write("\n")
    } else {
      Terminal.tell("\n")
    }
  }
}
