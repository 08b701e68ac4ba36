/// Why a row was not used.
public enum SkipReason: String, Sendable, CaseIterable {
  /// Nothing but white space.
  case blankLine = "a blank line"
  /// Not one JSON object.
  case badJSON = "not a JSON object"
  /// More or fewer fields than the table has columns.
  case fieldCount = "another number of fields than columns"
  /// A quote opens a field and nothing closes it within `rowBytesMax`; reading goes on with the next line.
  case openQuote = "a quote that is never closed"
  /// Something other than a delimiter stands behind the quote that closes a field.
  case strayQuote = "text behind a closing quote"
  /// More than `rowBytesMax` or `textBytesMax`.
  case tooLong = "too long"
  /// Bytes that are not UTF-8.
  case badUTF8 = "not UTF-8"
  /// The filter wants another value.
  case filteredOut = "left out by the filter"
  /// No text, or something else under its key.
  case noText = "no text"
  /// A text of nothing but white space.
  case blankText = "a blank text"
  /// No second text, or a blank one, where one is needed.
  case noPair = "no second text"
  /// No label where one is needed.
  case noLabel = "no label"
  /// A label that is no string or whole number, has a blank name or one over `labelBytesMax`, or too many labels.
  case badLabel = "a label that cannot be used"
}

/// What became of the rows of a file.
public struct ReadingReport: Sendable, Equatable {
  /// The rows that were not used for one reason.
  public struct Skip: Sendable, Equatable {
    /// Why.
    public var reason: SkipReason
    /// How many rows.
    public var count: Int
    /// The lines on which the first of them begin, counted from 1, at most `linesNamedMax`.
    public var lines: [Int]
  }

  /// Rows that were used.
  public private(set) var used = 0
  /// Used rows that are pairs.
  public private(set) var pairs = 0
  /// Used rows of which no label is known.
  public private(set) var unlabelled = 0
  /// Used rows by how often each label stands on them.
  public private(set) var labels: [String: Int] = [:]
  /// The most labels that one used row has.
  public private(set) var rowLabels = 0
  /// Every reason for which a row was skipped, in the order of `SkipReason`.
  public var skips: [Skip] { SkipReason.allCases.compactMap { skipped[$0] } }
  /// All rows that were skipped.
  public var skippedCount: Int { skipped.values.reduce(0) { $0 + $1.count } }

  private var skipped: [SkipReason: Skip] = [:]

  mutating func skip(_ reason: SkipReason, line: Int) {
    var skip = skipped[reason] ?? Skip(reason: reason, count: 0, lines: [])
    skip.count += 1
    if skip.lines.count < LabelledLimits.linesNamedMax { skip.lines.append(line) }
    skipped[reason] = skip
  }

  mutating func use(_ example: Example) {
    used += 1
    if example.pair != nil { pairs += 1 }
    for label in example.labels ?? [] { labels[label, default: 0] += 1 }
    if example.labels == nil { unlabelled += 1 }
    rowLabels = max(rowLabels, example.labels?.count ?? 0)
  }

  /// The reasons with their counts and first lines, on one line; empty if nothing was skipped.
  public var summary: String { skips.map(\.summary).joined(separator: "; ") }
}

extension ReadingReport.Skip {
  /// `2 × no label (lines 3, 9)`.
  public var summary: String {
    let more = count > lines.count ? " …" : ""
    let word = count == 1 ? "line" : "lines"
    return
      "\(count) × \(reason.rawValue) (\(word) \(lines.map(String.init).joined(separator: ", "))\(more))"
  }
}
