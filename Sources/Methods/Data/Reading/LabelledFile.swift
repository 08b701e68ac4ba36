/// A file of labelled text, read row by row in constant memory.
///
/// A row that cannot be used is skipped, and counted in `report` with its reason. Owned by one thread.
public struct LabelledFile {
  /// The file as the user named it.
  public let path: String
  /// What became of the rows so far.
  public private(set) var report = ReadingReport()

  private let format: LabelledFormat
  private let settings: LabelledSettings
  private let scanner: RowScanner
  private let reader: RowReader
  private var columns: ColumnPlan?
  private var window: PieceWindow
  private var line = 1

  /// Opens a file, and reads a table's header.
  ///
  /// - Parameters:
  ///   - path: JSON Lines, CSV or TSV, in UTF-8 with or without a byte order mark.
  ///   - settings: what is looked for in it.
  /// - Throws: `DatasetError` if there is no such file, it is empty or UTF-16, its format is not known, or a table lacks a
  ///   column that is needed.
  public init(path: String, settings: LabelledSettings = LabelledSettings()) throws(DatasetError) {
    guard let format = settings.format ?? LabelledFormat(path: path) else {
      let known = ".jsonl, .ndjson, .csv, .tsv or .tab"
      throw DatasetError(
        path: path,
        reason: "its name does not end in \(known), so its format must be told: jsonl, csv or tsv"
      )
    }
    self.path = path
    self.format = format
    self.settings = settings
    reader = RowReader(settings: settings)
    scanner =
      switch format {
      case .jsonLines: RowScanner(delimiter: nil, isQuoted: false)
      case .csv:
        RowScanner(
          delimiter: settings.delimiter ?? UInt8(ascii: ","),
          isQuoted: settings.isQuoted ?? true
        )
      case .tsv:
        RowScanner(
          delimiter: settings.delimiter ?? UInt8(ascii: "\t"),
          isQuoted: settings.isQuoted ?? false
        )
      }
    window = try PieceWindow(path: path)
    try passOverMark()
    if format != .jsonLines, settings.hasHeader { try readHeader() }
  }

  /// The next row that can be used.
  ///
  /// - Returns: nil at the end of the file.
  /// - Throws: `DatasetError` if the file cannot be read, has too many different labels, or ends without one row that can be
  ///   used.
  public mutating func next() throws(DatasetError) -> Example? {
    while let row = try nextRow() {
      switch try read(row) {
      case .skipped(let reason): report.skip(reason, line: row.line)
      case .example(let example):
        report.use(example)
        guard report.labels.count <= LabelledLimits.labelsMax else {
          throw DatasetError(
            path: path,
            line: row.line,
            reason: "more than \(LabelledLimits.labelsMax) different labels so far; is"
              + " \"\(settings.label)\" where they are?"
          )
        }
        return example
      }
    }
    guard report.used > 0 else {
      let why = report.skips.isEmpty ? "it has none" : report.summary
      throw DatasetError(path: path, reason: "no row can be used: \(why)")
    }
    return nil
  }

  /// Reads a whole file into memory.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - settings: what is looked for in it.
  /// - Returns: every row that can be used, at least one, and what became of the others.
  /// - Throws: what `init` and `next` throw.
  public static func readAll(path: String, settings: LabelledSettings = LabelledSettings())
    throws(DatasetError) -> (examples: [Example], report: ReadingReport)
  {
    var file = try LabelledFile(path: path, settings: settings)
    var examples: [Example] = []
    while let example = try file.next() { examples.append(example) }
    return (examples, file.report)
  }
}

extension LabelledFile {
  private struct Row {
    let line: Int
    let fields: Result<[[UInt8]], Skipped>
  }

  private mutating func passOverMark() throws(DatasetError) {
    try window.fill(to: LabelledLimits.pieceBytes)
    guard window.count > 0 else { throw DatasetError(path: path, reason: "is empty") }
    if window.bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      _ = window.drop(3)
    } else if window.bytes.starts(with: [0xFF, 0xFE]) || window.bytes.starts(with: [0xFE, 0xFF]) {
      throw DatasetError(path: path, reason: "is UTF-16; save it as UTF-8")
    }
  }

  private mutating func readHeader() throws(DatasetError) {
    guard let row = try nextRow() else {
      throw DatasetError(path: path, reason: "no row can be used: it has none")
    }
    switch row.fields {
    case .failure(let skipped):
      let reason = "the header cannot be read: \(skipped.reason.rawValue)"
      throw DatasetError(path: path, line: row.line, reason: reason)
    case .success(let fields):
      let names = fields.map { String(decoding: $0, as: UTF8.self) }
      columns = try ColumnPlan(names, settings, path: path, line: row.line)
    }
    for _ in 0 ..< settings.headerRows { _ = try nextRow() }
  }

  private mutating func read(_ row: Row) throws(DatasetError) -> RowReading {
    let fields: [[UInt8]]
    switch row.fields {
    case .failure(let skipped): return .skipped(skipped.reason)
    case .success(let found): fields = found
    }
    // A table of one column has an empty text here, and a blank line is one too.
    if fields.count == 1, isBlank(String(decoding: fields[0], as: UTF8.self)) {
      return .skipped(.blankLine)
    }
    guard format != .jsonLines else { return reader.read(json: fields[0], line: row.line) }
    if columns == nil {
      let names = (1 ... fields.count).map(String.init)
      columns = try ColumnPlan(names, settings, path: path, line: row.line)
    }
    guard let columns else { preconditionFailure("\(path): a table without columns") }
    return reader.read(fields: fields, columns, line: row.line)
  }

  /// The next row as it is in the file, or nil at its end.
  private mutating func nextRow() throws(DatasetError) -> Row? {
    while true {
      if window.count == 0 { try window.fill(to: LabelledLimits.pieceBytes) }
      guard window.count > 0 else { return nil }
      switch scanner.scan(window.bytes, from: window.start, isEnd: window.isEnd) {
      case .row(let fields, let count):
        guard count <= LabelledLimits.rowBytesMax else { return passOver(count, .tooLong) }
        let begin = line
        line += window.drop(count)
        return Row(line: begin, fields: .success(fields))
      case .bad(let reason, let count): return passOver(count, reason)
      case .unfinished(let inQuotes):
        guard window.count <= LabelledLimits.rowBytesMax else {
          return try passOverLine(inQuotes ? .openQuote : .tooLong)
        }
        try window.fill(to: max(2 * window.count, LabelledLimits.pieceBytes))
      }
    }
  }

  private mutating func passOver(_ count: Int, _ reason: SkipReason) -> Row {
    let begin = line
    line += window.drop(count)
    return Row(line: begin, fields: .failure(Skipped(reason: reason)))
  }

  /// Passes over the line that begins here, however long it is.
  private mutating func passOverLine(_ reason: SkipReason) throws(DatasetError) -> Row {
    let begin = line
    while true {
      if let count = window.lineCount {
        line += window.drop(count)
        break
      }
      _ = window.drop(window.count)
      if window.isEnd { break }
      try window.fill(to: LabelledLimits.pieceBytes)
    }
    return Row(line: begin, fields: .failure(Skipped(reason: reason)))
  }
}
