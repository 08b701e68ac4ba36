import ArgumentParser
import Methods
import Models

/// `mete pack` and `mete unpack`: what was learned, in one small file.
struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Put what a fitted model has learned into one small file.",
    discussion: """
      MODEL is a directory that `mete fit`, `mete experts` or `mete exits` wrote, best with --freeze-embeddings. The file \
      holds what differs from the base: matrices as bytes with a scale a row, the rest as it is; at most 12 MB. Where \
      embeddings learned too, --leave-embeddings packs the rest: they move little, and most of a small model is embeddings. \
      Measure what is unpacked.

      Exits with 0, or with 1 and the reason.
      """
  )

  @Argument(help: "A directory that was fitted.")
  var model: String

  @Option(
    help: ArgumentHelp(
      "The Hugging Face directory that it was fitted from.",
      valueName: "directory"
    )
  )
  var base: String

  @Option(help: ArgumentHelp("The file to make.", valueName: "file"))
  var to: String

  @Flag(help: "Leave out what embeddings learned: the base's stand for them.")
  var leaveEmbeddings = false

  func run() throws {
    let bytes = try Pack.write(model, base: base, to: to, leavesEmbeddings: leaveEmbeddings)
    try Terminal.write("\(to) written, \(bytes) bytes\n")
  }
}

/// `mete unpack`.
struct UnpackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpack",
    abstract: "Make a directory of what `mete pack` packed.",
    discussion: "Exits with 0, or with 1 and the reason."
  )

  @Argument(help: "A file that `mete pack` wrote.")
  var pack: String

  @Option(
    help: ArgumentHelp(
      "The Hugging Face directory that the model was fitted from.",
      valueName: "directory"
    )
  )
  var base: String

  @Option(help: ArgumentHelp("Where to.", valueName: "directory"))
  var to: String

  @Flag(help: "Replace what was fitted to the same place before.")
  var force = false

  func run() throws {
    try Pack.expand(pack, base: base, to: to, replacing: force)
    try Terminal.write("\(to) written\n")
  }
}
