/// Which field of a table's rows is what.
struct ColumnPlan: Sendable, Equatable {
  let count: Int
  let text: Int
  let pair: Int?
  let label: Int?
  let filter: Int?

  /// Finds the columns that `settings` name.
  ///
  /// - Parameters:
  ///   - names: the header, or "1", "2" and so on.
  ///   - settings: what is looked for.
  ///   - path: the file to blame.
  ///   - line: where the header is.
  /// - Throws: `DatasetError` if a needed column is missing, or a name stands twice.
  init(_ names: [String], _ settings: LabelledSettings, path: String, line: Int)
    throws(DatasetError)
  {
    func blame(_ reason: String) -> DatasetError {
      DatasetError(path: path, line: line, reason: reason)
    }
    guard names.count <= LabelledLimits.columnsMax else {
      throw blame("has more than \(LabelledLimits.columnsMax) columns")
    }
    func place(_ name: String, _ what: String, isNeeded: Bool) throws(DatasetError) -> Int? {
      let found = names.indices.filter { names[$0] == name }
      guard found.count < 2 else { throw blame("two columns are called \"\(name)\"") }
      guard found.isEmpty, isNeeded else { return found.first }
      let all = names.prefix(20).map { "\"\($0)\"" }.joined(separator: ", ")
      let more = names.count > 20 ? " …" : ""
      throw blame("no column \"\(name)\" for the \(what); it has \(all)\(more)")
    }
    count = names.count
    text = try place(settings.text, "text", isNeeded: true) ?? 0
    pair = try place(settings.pair, "second text", isNeeded: settings.needsPair)
    label = try place(settings.label, "labels", isNeeded: settings.needsLabels)
    let filter = settings.filter
    self.filter = try filter.flatMap { filter throws(DatasetError) in
      try place(filter.column, "filter", isNeeded: true)
    }
  }
}
