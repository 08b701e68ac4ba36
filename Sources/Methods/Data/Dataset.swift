/// Examples in memory, with their labels as the numbers that a model knows them by.
public struct Dataset: Sendable, Equatable {
  /// A text, perhaps a second one, and the ids of its labels.
  public struct Item: Sendable, Equatable {
    /// The text, never blank.
    public var text: String
    /// The second text of a pair, never blank.
    public var pair: String?
    /// Ids in `0 ..< labels.count`, ascending; several, one or none.
    public var labels: [Int]
  }

  /// What errors call it: the file it comes from, or a name.
  public let name: String
  /// What the ids mean.
  public let labels: LabelTable
  /// The examples, in order.
  public var items: [Item]

  /// Gathers examples.
  ///
  /// - Parameters:
  ///   - examples: in order; an example of which no label is known has none.
  ///   - name: what errors call it.
  ///   - labels: what the model knows; nil takes all names of the examples, sorted.
  /// - Throws: `DatasetError` if there are no examples, or one has a label that is not in `labels`.
  public init(_ examples: [Example], name: String, labels: LabelTable? = nil)
    throws(DatasetError)
  {
    guard !examples.isEmpty else { throw DatasetError(path: name, reason: "has no examples") }
    let table = labels ?? LabelTable(sorting: examples.lazy.flatMap { $0.labels ?? [] })
    self.name = name
    self.labels = table
    items = []
    items.reserveCapacity(examples.count)
    for example in examples {
      var ids: [Int] = []
      for label in example.labels ?? [] {
        guard let id = table.id(of: label) else {
          throw Self.unknown(label, example, name: name, table)
        }
        ids.append(id)
      }
      items.append(Item(text: example.text, pair: example.pair, labels: ids.sorted()))
    }
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: JSON Lines, CSV or TSV.
  ///   - settings: what is looked for in it.
  ///   - labels: what the model knows; nil takes all names of the file, sorted.
  /// - Returns: the examples, and what became of the rows.
  /// - Throws: `DatasetError` if the file cannot be used, or an example has a label that is not in `labels`.
  public static func open(
    path: String,
    settings: LabelledSettings = LabelledSettings(),
    labels: LabelTable? = nil
  ) throws(DatasetError) -> (dataset: Dataset, report: ReadingReport) {
    let (examples, report) = try LabelledFile.readAll(path: path, settings: settings)
    return (try Dataset(examples, name: path, labels: labels), report)
  }

  /// Whether an example has several labels or none, so that a model decides about each label by itself.
  public var isMultiple: Bool { items.contains { $0.labels.count != 1 } }

  /// How many examples have each label; (labels.count).
  public var counts: [Int] {
    var counts = [Int](repeating: 0, count: labels.count)
    for item in items { for id in item.labels { counts[id] += 1 } }
    return counts
  }

  /// The same examples in the order that belongs to `seed`.
  public func shuffled(seed: UInt64) -> Dataset {
    var copy = self
    copy.items = SeededRandom.order(count: items.count, seed: seed).map { items[$0] }
    return copy
  }

  private static func unknown(
    _ label: String,
    _ example: Example,
    name: String,
    _ table: LabelTable
  )
    -> DatasetError
  {
    let known = table.names.prefix(20).joined(separator: ", ") + (table.count > 20 ? " …" : "")
    return DatasetError(
      path: name,
      line: example.line > 0 ? example.line : nil,
      reason: "the label \"\(label)\" is unknown; known are \(known)"
    )
  }
}
