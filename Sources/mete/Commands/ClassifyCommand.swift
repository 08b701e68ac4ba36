import ArgumentParser
import MeteClient

/// `mete classify`: labels for texts.
struct ClassifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Give each text its labels, best first.",
    discussion: "The model needs a classification head; `mete models` shows which have Classify."
  )

  @OptionGroup var input: TextArguments

  @Option(help: "How many labels per text.")
  var topK: Int?

  @Option(help: "A second segment that every text is judged against.")
  var pair: String?

  @Flag(help: "Cut a text that is too long instead of refusing it.")
  var truncate = false

  @OptionGroup var call: CallArguments

  func run() async throws {
    let texts = try input.read()
    let (display, topK, pair, truncate) = (call.display, topK, pair, truncate)
    try await call.perform { client, options in
      let answer = try await client.classify(
        texts,
        topK: topK,
        pair: pair,
        truncate: truncate,
        options: options
      )
      try write(answer.value, of: texts, display)
      return Receipt(bill: answer.bill)
    }
  }

  private func write(_ labels: [[Label]], of texts: [String], _ display: DisplayArguments) throws {
    if display.json {
      for (index, labels) in labels.enumerated() {
        let values = labels.map { label -> Value in
          ["label": .string(label.name), "score": .double(label.score)]
        }
        try Terminal.write(json: ["index": Value(index), "labels": .array(values)])
      }
      return
    }
    var table = Columns()
    for (text, labels) in zip(texts, labels) {
      table.add(labels.map { "\($0.name) \($0.score.fixed(3))" } + [text.quoted])
    }
    try Terminal.write(table.text())
  }
}
