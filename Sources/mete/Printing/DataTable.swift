import MeteClient
import Methods

/// What `mete data` shows.
enum DataTable {
  /// Labels that a table shows; the others are counted.
  private static let labelsShown = 40

  /// What a file's rows gave, for a person.
  static func text(_ path: String, _ report: ReadingReport) -> String {
    var notes: [String] = []
    if report.pairs > 0 { notes.append("\(report.pairs.grouped) of them pairs") }
    if report.unlabelled > 0 {
      notes.append("\(report.unlabelled.grouped) of them without a label")
    }
    if report.rowLabels > 1 { notes.append("up to \(report.rowLabels) labels a row") }
    let details = notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"
    var text = "\(path): \(report.used.grouped) rows can be used\(details)"
    text += report.skippedCount == 0 ? "\n" : ", \(report.skippedCount.grouped) were skipped\n"
    var labels = Columns(right: [1])
    for (name, count) in sorted(report.labels).prefix(labelsShown) {
      labels.add(String(name.quoted.dropFirst().dropLast()), count.grouped)
    }
    if !report.labels.isEmpty { text += "labels\n" + labels.text(indent: 2) }
    let more = report.labels.count - labelsShown
    if more > 0 { text += "  and \(more.grouped) others\n" }
    if report.skippedCount > 0 { text += "skipped\n" }
    for skip in report.skips { text += "  \(skip.summary)\n" }
    return text
  }

  /// The same for a program.
  static func value(_ path: String, _ report: ReadingReport) -> Value {
    [
      "path": .string(path), "rows": .init(report.used), "pairs": .init(report.pairs),
      "unlabelled": .init(report.unlabelled), "row_labels": .init(report.rowLabels),
      "labels": .map(sorted(report.labels).map { Value.Entry($0.0, .init($0.1)) }),
      "skipped": .array(
        report.skips.map {
          [
            "reason": .string($0.reason.rawValue), "count": .init($0.count),
            "lines": .array($0.lines.map { .init($0) }),
          ]
        }
      ),
    ]
  }

  /// What was prepared, for a person.
  static func text(_ set: PublicSet, _ target: String, _ made: PublicSet.Prepared) -> String {
    var columns = Columns(right: [1])
    for (name, part) in parts(made) {
      let labels = zip(part.labels.names, part.counts).map { "\($0) \($1.grouped)" }
      columns.add(name, part.items.count.grouped, labels.joined(separator: ", "))
    }
    return "\(target) written: \(set.title)\n\(columns.text(indent: 2))licence: \(set.licence)\n"
  }

  /// The same for a program.
  static func value(_ name: String, _ target: String, _ made: PublicSet.Prepared) -> Value {
    [
      "name": .string(name), "path": .string(target),
      "files": .array(
        zip(parts(made), made.hashes).map { part, hash in
          [
            "file": .string("\(part.0).jsonl"), "examples": .init(part.1.items.count),
            "sha256": .string(hash),
          ]
        }
      ),
      "test_texts_in_train": .init(made.sharedTexts),
    ]
  }

  private static func parts(_ made: PublicSet.Prepared) -> [(String, Dataset)] {
    Array(zip(LearningSet.parts, [made.set.train, made.set.choose, made.set.test]))
  }

  /// The commonest label first.
  private static func sorted(_ labels: [String: Int]) -> [(String, Int)] {
    labels.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }
}
