internal import Models

/// What one row gives: an example, or why not.
enum RowReading: Equatable {
  case example(Example)
  case skipped(SkipReason)
}

/// A reason not to use a row, as an error for the way up.
struct Skipped: Error { let reason: SkipReason }

/// Turns rows into examples, and says why not.
struct RowReader: Sendable {
  let settings: LabelledSettings

  /// Reads a row of a table.
  ///
  /// - Parameters:
  ///   - fields: as they are in the file.
  ///   - columns: which field is what.
  ///   - line: where the row begins.
  /// - Returns: the example or the reason.
  func read(fields: [[UInt8]], _ columns: ColumnPlan, line: Int) -> RowReading {
    reading { () throws(Skipped) in
      guard fields.count == columns.count else { throw Skipped(reason: .fieldCount) }
      if let filter = settings.filter, let place = columns.filter {
        guard try string(fields[place]) == filter.value else { throw Skipped(reason: .filteredOut) }
      }
      let text = try string(fields[columns.text])
      guard !isBlank(text) else { throw Skipped(reason: .blankText) }
      try checkLength(text)
      var pair: String?
      if let place = columns.pair { pair = try second(try string(fields[place])) }
      var labels: [String]?
      if let place = columns.label { labels = try self.labels(ofField: try string(fields[place])) }
      return try example(text, pair, labels, line)
    }
  }

  /// Reads a line of JSON.
  ///
  /// - Parameters:
  ///   - bytes: the line.
  ///   - line: its number.
  /// - Returns: the example or the reason.
  func read(json bytes: [UInt8], line: Int) -> RowReading {
    reading { () throws(Skipped) in
      let whole = Array(try string(bytes).utf8)
      guard let row = try? JSON(parsing: whole, path: ""), row.members != nil else {
        throw Skipped(reason: .badJSON)
      }
      if let filter = settings.filter {
        guard let value = row[filter.column], name(value) == filter.value else {
          throw Skipped(reason: .filteredOut)
        }
      }
      guard let text = row[settings.text]?.text else { throw Skipped(reason: .noText) }
      guard !isBlank(text) else { throw Skipped(reason: .blankText) }
      try checkLength(text)
      var pair: String?
      switch row[settings.pair] {
      case nil, .null: break
      case .string(let bytes): pair = try second(String(decoding: bytes, as: UTF8.self))
      default: throw Skipped(reason: .noPair)
      }
      return try example(text, pair, try labels(of: row[settings.label]), line)
    }
  }

  private func reading(_ body: () throws(Skipped) -> Example) -> RowReading {
    do { return .example(try body()) } catch { return .skipped(error.reason) }
  }

  private func example(_ text: String, _ pair: String?, _ found: [String]?, _ line: Int)
    throws(Skipped) -> Example
  {
    let isAbsent = settings.absentLabel.map { found == [$0] } ?? false
    let labels = isAbsent ? nil : found
    guard pair != nil || !settings.needsPair else { throw Skipped(reason: .noPair) }
    guard labels != nil || !settings.needsLabels else { throw Skipped(reason: .noLabel) }
    return Example(text: text, pair: pair, labels: labels, line: line)
  }

  private func second(_ text: String) throws(Skipped) -> String? {
    try checkLength(text)
    return isBlank(text) ? nil : text
  }

  private func checkLength(_ text: String) throws(Skipped) {
    guard text.utf8.count <= LabelledLimits.textBytesMax else { throw Skipped(reason: .tooLong) }
  }

  private func string(_ bytes: [UInt8]) throws(Skipped) -> String {
    if settings.repairsText { return String(decoding: bytes, as: UTF8.self) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Skipped(reason: .badUTF8)
    }
    return text
  }

  private func labels(ofField field: String) throws(Skipped) -> [String]? {
    guard let separator = settings.labelSeparator else {
      return isBlank(field) ? nil : try checked([field])
    }
    // A field without a label says that there is none where several may stand.
    let mark = Character(Unicode.Scalar(separator))
    return try checked(field.split(separator: mark).map(String.init).filter { !isBlank($0) })
  }

  private func labels(of value: JSON?) throws(Skipped) -> [String]? {
    switch value {
    case nil, .null: return nil
    case .array(let items):
      var names: [String] = []
      for item in items {
        guard let name = name(item) else { throw Skipped(reason: .badLabel) }
        names.append(name)
      }
      return try checked(names)
    case .some(let value):
      guard let name = name(value) else { throw Skipped(reason: .badLabel) }
      return try checked([name])
    }
  }

  /// What a JSON string, whole number or truth value is called.
  private func name(_ value: JSON) -> String? {
    switch value {
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    case .integer(let number): "\(number)"
    case .bool(let truth): "\(truth)"
    default: nil
    }
  }

  /// The names without white space around them, each once.
  private func checked(_ names: [String]) throws(Skipped) -> [String] {
    guard names.count <= LabelledLimits.rowLabelsMax else { throw Skipped(reason: .badLabel) }
    var seen: Set<String> = []
    var result: [String] = []
    for name in names.map(trimmed) where seen.insert(name).inserted {
      guard !name.isEmpty, name.utf8.count <= LabelledLimits.labelBytesMax else {
        throw Skipped(reason: .badLabel)
      }
      result.append(name)
    }
    return result
  }
}

/// Whether there is nothing but white space.
func isBlank(_ text: String) -> Bool {
  text.unicodeScalars.allSatisfy { $0.properties.isWhitespace }
}

private func trimmed(_ text: String) -> String {
  let scalars = text.unicodeScalars
  guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
    let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
  else { return "" }
  return String(scalars[first ... last])
}
