import ArgumentParser
import Foundation

/// Texts from the command line, or one per line of standard input.
struct TextArguments: ParsableArguments {
  @Argument(help: "Texts; without any, or with -, the lines of standard input.")
  var texts: [String] = []

  /// The texts.
  ///
  /// - Throws: `ValidationError` when there are none and nobody can be asked.
  func read() throws -> [String] {
    guard texts.isEmpty || texts == ["-"] else { return texts }
    let lines = String(
      decoding: try StandardInput.readAll(unlessTyped: texts.isEmpty),
      as: UTF8.self
    )
    .split(omittingEmptySubsequences: true) { $0.isNewline }
    guard !lines.isEmpty else { throw ValidationError("there is no text in standard input") }
    return lines.map(String.init)
  }
}
