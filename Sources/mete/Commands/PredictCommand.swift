import ArgumentParser
import Foundation
import MeteClient

/// `mete predict`: what may come next, after every token of a text that may still be coming in.
struct PredictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Show what may follow each token of a text.",
    discussion: """
      Standard input is sent on as it arrives, and predictions are written while more comes in. The wire \
      carries token ids, not their text; `mete tokenize` shows which ids a text has.
      """
  )

  @Argument(help: "The text; without it, or with -, standard input as it comes.")
  var text: String?

  @Option(help: "How many candidates per token, 1 to 100 (the server's default is 5).")
  var topK: Int?

  @Option(help: "How long the text may become, in tokens (the server's default is 1,024).")
  var maxTokens: Int?

  @Flag(help: "Do not put the model's beginning-of-text token first.")
  var noSpecial = false

  @OptionGroup var call: CallArguments

  func run() async throws {
    let given = text == "-" ? nil : text
    if text == nil, StandardInput.isTerminal {
      throw ValidationError("give the text as an argument, pipe it in, or name - to type it")
    }
    let (display, topK, special) = (call.display, topK, noSpecial ? false : nil)
    let longest = maxTokens.map { Value.Entry("max_tokens", Value($0)) }
    try await call.perform { client, options in
      var options = options
      if let longest { options.params.append(longest) }
      let predictions = client.predict(topK: topK, special: special, options: options)
      // Not a child task: nothing can interrupt its read, and the program's end must not wait for it.
      let feeding = Task { try await feed(given, to: predictions) }
      defer { feeding.cancel() }
      if !display.json { try Terminal.write("position    token  may be followed by\n") }
      for try await prediction in predictions { try write(prediction, display) }
      return Receipt(bill: try await predictions.bill)
    }
  }

  private func feed(_ text: String?, to predictions: Predictions) async throws {
    if let text {
      try await predictions.send(.text(text))
    } else {
      while case let bytes = await StandardInput.next(), !bytes.isEmpty {
        try await predictions.send(.bytes(bytes))
      }
    }
    predictions.halfClose()
  }

  private func write(_ prediction: Prediction, _ display: DisplayArguments) throws {
    if display.json {
      let candidates = prediction.candidates.map { candidate -> Value in
        ["token": Value(candidate.token), "logprob": .double(candidate.logprob)]
      }
      return try Terminal.write(json: [
        "position": Value(prediction.position), "token": Value(prediction.token),
        "candidates": .array(candidates),
      ])
    }
    let cells = prediction.candidates.map { candidate in
      "\(candidate.token)".padded(to: 7, right: true)
        + " " + (100 * exp(candidate.logprob)).fixed(1).padded(to: 5, right: true) + "%"
    }
    let head =
      "\(prediction.position)".padded(to: 8, right: true) + "  "
      + "\(prediction.token)".padded(to: 7, right: true)
    try Terminal.write(([head] + cells).joined(separator: " ") + "\n")
  }
}
