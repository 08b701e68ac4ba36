/// How the rows of a file are told apart.
public enum LabelledFormat: String, Sendable, CaseIterable {
  /// One JSON object a line.
  case jsonLines = "jsonl"
  /// Fields between commas, quoted as RFC 4180 has it, below a header.
  case csv
  /// Fields between tabs below a header; a quote is a character like any other.
  case tsv

  /// The format that a file's name ends in, or nil.
  public init?(path: String) {
    let name = path.lowercased()
    let endings: [(String, LabelledFormat)] = [
      (".jsonl", .jsonLines), (".ndjson", .jsonLines), (".csv", .csv), (".tsv", .tsv),
      (".tab", .tsv),
    ]
    guard let format = endings.first(where: { name.hasSuffix($0.0) })?.1 else { return nil }
    self = format
  }
}

/// What is looked for in a file of labelled text, and what is done about its faults.
public struct LabelledSettings: Sendable, Equatable {
  /// How rows are told apart; nil follows the file's name.
  public var format: LabelledFormat?
  /// The column or key of the text.
  public var text = "text"
  /// The column or key of the second text; it need not be there unless `needsPair`.
  public var pair = "pair"
  /// The column or key of the labels; it need not be there unless `needsLabels`.
  public var label = "label"
  /// The ASCII character between several labels in one field of a table; nil takes the field as one label.
  public var labelSeparator: UInt8?
  /// The ASCII character between fields, instead of the format's own.
  public var delimiter: UInt8?
  /// Whether fields may be quoted, instead of what the format says.
  public var isQuoted: Bool?
  /// Whether the first row of a table names its columns; otherwise they are named "1", "2" and so on.
  public var hasHeader = true
  /// Rows below the header that are no data; they are not counted.
  public var headerRows = 0
  /// Only rows with this value in this column or under this key are used.
  public var filter: Filter?
  /// Whether a row without a second text is skipped.
  public var needsPair = false
  /// Whether a row without a label is skipped.
  public var needsLabels = true
  /// A label that says that none is known, as if there were none.
  public var absentLabel: String?
  /// Whether bytes that are not UTF-8 become U+FFFD; otherwise their row is skipped.
  public var repairsText = false

  /// A column or key and the value that it must have.
  public struct Filter: Sendable, Equatable {
    /// The column or key.
    public var column: String
    /// The value, a label's name or a number's digits in JSON.
    public var value: String

    /// Asks for `value` in `column`.
    public init(column: String, value: String) {
      self.column = column
      self.value = value
    }
  }

  /// `text`, `pair` and `label`, in the format that the file's name says.
  public init() {}
}
