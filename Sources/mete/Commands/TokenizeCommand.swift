import ArgumentParser
import MeteClient

/// `mete tokenize`: the ids of a text.
struct TokenizeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Show the token ids of a text."
  )

  @Argument(help: "The text; without it, or with -, standard input less its last line break.")
  var text: String?

  @Flag(help: "Leave out the special tokens that the model puts around a text.")
  var noSpecial = false

  @OptionGroup var call: CallArguments

  func run() async throws {
    let input: Input =
      if let text, text != "-" {
        .text(text)
      } else {
        .bytes(try StandardInput.readAll(unlessTyped: text == nil))
      }
    let (display, special) = (call.display, noSpecial ? false : nil)
    try await call.perform { client, options in
      let answer = try await client.tokenize(input, special: special, options: options)
      if display.json {
        try Terminal.write(json: ["tokens": .array(answer.value.map { Value($0) })])
      } else {
        try Terminal.write(answer.value.map { "\($0)" }.joined(separator: " ") + "\n")
      }
      return Receipt(bill: answer.bill)
    }
  }
}
