import ArgumentParser
import MeteClient

/// `mete stream`: what a text is, after every token of it, while it may still be coming in.
struct StreamCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract: "Classify a text token by token, as it comes.",
    discussion: """
      Standard input is sent on as it arrives, and verdicts are written while more comes in: each with the layer that it \
      was made after, the share of experts that ran, and its cost beside that of the dense model. The model needs a \
      classification head, or exits that mete heads taught.
      """
  )

  @Argument(help: "The text; without it, or with -, standard input as it comes.")
  var text: String?

  @Option(help: ArgumentHelp("Wait so long between the words of TEXT.", valueName: "milliseconds"))
  var delay = 0

  @Option(help: "Only say when this label becomes likely; with --above and --tokens.")
  var watch: String?

  @Option(help: "The probability that the watched label must be above.")
  var above = 0.5

  @Option(help: "For how many tokens in a row.")
  var tokens = 1

  @Flag(help: "Tell early verdicts, and correct them as deeper exits are asked.")
  var refine = false

  @Option(
    help:
      "What becomes of layers that tokens leave out, on a language model: defer or propagate; without it, as its heads say."
  )
  var policy: String?

  @Option(help: "Tokens that an encoder reads at a time.")
  var window: Int?

  @OptionGroup var call: CallArguments

  func validate() throws {
    guard (0 ... 60_000).contains(delay) else { throw ValidationError("--delay is 0 to 60000") }
    guard (0 ... 1).contains(above) else { throw ValidationError("--above is 0 to 1") }
    guard tokens > 0 else { throw ValidationError("--tokens is at least 1") }
  }

  func run() async throws {
    let given = text == "-" ? nil : text
    if text == nil, StandardInput.isTerminal {
      throw ValidationError("give the text as an argument, pipe it in, or name - to type it")
    }
    var stream = StreamOptions()
    (stream.text, stream.refine) = (true, refine)
    (stream.policy, stream.window) = (policy, window)
    stream.watch = watch.map { .init(label: $0, above: above, tokens: tokens) }
    let (display, asked) = (call.display, stream)
    try await call.perform { client, options in
      let verdicts = client.classifyStream(asked, options: options)
      // Not a child task: nothing can interrupt its read, and the program's end must not wait for it.
      let feeding = Task { try await feed(given, to: verdicts) }
      defer { feeding.cancel() }
      var view = VerdictView()
      if !display.json { try Terminal.write(VerdictView.head) }
      for try await verdict in verdicts {
        if display.json {
          try Terminal.write(json: verdict.json)
        } else {
          try Terminal.write(view.line(verdict))
        }
      }
      return Receipt(bill: try await verdicts.bill)
    }
  }

  private func feed(_ text: String?, to verdicts: Verdicts) async throws {
    if let text {
      for word in Self.words(text) {
        try await verdicts.send(.text(word))
        if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
      }
    } else {
      while case let bytes = await StandardInput.next(), !bytes.isEmpty {
        try await verdicts.send(.bytes(bytes))
      }
    }
    verdicts.halfClose()
  }

  /// A text in pieces that each begin a word.
  static func words(_ text: String) -> [String] {
    var words: [String] = []
    for character in text {
      if words.isEmpty || character.isWhitespace && words.last?.last?.isWhitespace == false {
        words.append("")
      }
      words[words.count - 1].append(character)
    }
    return words
  }
}

extension Verdict {
  fileprivate var json: Value {
    let labels = labels.map { label -> Value in
      ["label": .string(label.name), "score": .double(label.score)]
    }
    return [
      "position": Value(position), "token": Value(token), "layer": Value(layer),
      "labels": .array(labels), "macs": .uint(macs), "macs_dense": .uint(macsDense),
      "experts": .double(experts), "text": text.map(Value.string) ?? .nil,
    ]
  }
}
