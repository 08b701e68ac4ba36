import ArgumentParser
import Methods

/// How a file of labelled text is read; every command that reads one takes these.
struct LabelledFileArguments: ParsableArguments {
  @Option(help: "jsonl, csv or tsv, if the file's name does not say.")
  var format: String?

  @Option(help: ArgumentHelp("Where the text is; \"text\" by default.", valueName: "column"))
  var text: String?

  @Option(
    help: ArgumentHelp("Where the second text is, which every row must have.", valueName: "column")
  )
  var pair: String?

  @Option(help: ArgumentHelp("Where the labels are; \"label\" by default.", valueName: "column"))
  var label: String?

  @Option(
    help: ArgumentHelp("What stands between several labels in a field.", valueName: "character")
  )
  var separator: String?

  @Option(
    help: ArgumentHelp(
      "What stands between fields, instead of a comma or tab.",
      valueName: "character"
    )
  )
  var delimiter: String?

  @Flag(inversion: .prefixedNo, help: "Whether fields may be in quotes; they may in CSV.")
  var quotes: Bool?

  @Flag(help: "The first row is data; columns are called 1, 2 and so on.")
  var noHeader = false

  @Option(
    help: ArgumentHelp("Use only rows with this value in this column.", valueName: "column=value")
  )
  var only: String?

  @Flag(help: "Use rows without a label too.")
  var unlabelled = false

  @Flag(help: "Put U+FFFD for bytes that are not UTF-8, instead of skipping the row.")
  var repair = false

  /// Whether any of them is on the command line.
  var isGiven: Bool {
    let options = [format, text, pair, label, separator, delimiter, only]
    return options.contains { $0 != nil } || quotes != nil || noHeader || unlabelled || repair
  }

  /// What the reader is told.
  ///
  /// - Returns: the settings.
  /// - Throws: `ValidationError` if one of them makes no sense.
  func settings() throws -> LabelledSettings {
    var settings = LabelledSettings()
    settings.format = try format.map { name in
      guard let format = LabelledFormat(rawValue: name) else {
        throw ValidationError("--format is jsonl, csv or tsv")
      }
      return format
    }
    if noHeader { (settings.text, settings.pair, settings.label) = ("1", "none", "2") }
    settings.text = text ?? settings.text
    settings.pair = pair ?? settings.pair
    settings.needsPair = pair != nil
    settings.label = label ?? settings.label
    settings.labelSeparator = try separator.map { try Self.byte($0, "--separator") }
    settings.delimiter = try delimiter.map { try Self.byte($0, "--delimiter") }
    settings.isQuoted = quotes
    settings.hasHeader = !noHeader
    settings.needsLabels = !unlabelled
    settings.repairsText = repair
    settings.filter = try only.map { text in
      guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
        throw ValidationError("--only is COLUMN=VALUE")
      }
      let value = String(text[text.index(after: sign)...])
      return LabelledSettings.Filter(column: String(text[..<sign]), value: value)
    }
    return settings
  }

  private static func byte(_ text: String, _ option: String) throws -> UInt8 {
    let named = text == "\\t" ? "\t" : text
    guard named.utf8.count == 1, let byte = named.utf8.first, byte < 0x80,
      !"\"\r\n".utf8.contains(byte)
    else { throw ValidationError("\(option) is one ASCII character, no quote and no line break") }
    return byte
  }
}
