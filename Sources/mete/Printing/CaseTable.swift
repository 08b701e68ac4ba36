import Conformance
import MeteClient

/// The results of conformance cases as a person reads them, or as JSON.
struct CaseTable {
  let json: Bool
  let isColored: Bool
  private(set) var passedCount = 0
  private(set) var failedCount = 0
  private(set) var skippedCount = 0
  private var section = 0
  private var failures: [String] = []

  init(json: Bool, isColored: Bool) {
    self.json = json
    self.isColored = isColored
  }

  private static let titles = [
    1: "Frames", 2: "Errors", 3: "The life of a connection", 4: "The life of a stream",
    5: "Calls", 6: "Messages",
  ]
  private static let width = Case.all.map(\.name.count).max() ?? 0

  /// A case as `--list` shows it.
  static func line(of one: Case) -> String {
    "\(one.number)  \(one.name.padded(to: width, right: false))  \(one.rule)\n"
  }

  /// The line of a report, after a heading where a section begins.
  mutating func text(of report: Run.Report) -> String {
    let (word, reason) = count(report)
    if json { return line(of: report, word, reason).jsonText + "\n" }
    var text = ""
    if section != report.case.section {
      section = report.case.section
      let title = "§\(section) \(Self.titles[section] ?? "")"
      text += (passedCount + failedCount + skippedCount > 1 ? "\n" : "") + bold(title) + "\n"
    }
    let name = report.case.name.padded(to: Self.width, right: false)
    let time = report.time.milliseconds.padded(to: 9, right: true)
    text += "  \(report.case.number)  \(name)  \(colored(word))\(time) ms"
    return text + (reason.isEmpty ? "" : "  \(reason.oneLine)") + "\n"
  }

  /// What came of all cases.
  var summary: String {
    let count = passedCount + failedCount + skippedCount
    if json {
      return Value.map([
        Value.Entry("cases", Value(count)), Value.Entry("passed", Value(passedCount)),
        Value.Entry("failed", Value(failedCount)), Value.Entry("skipped", Value(skippedCount)),
      ]).jsonText + "\n"
    }
    let line =
      "\(count) cases: \(passedCount) passed, \(failedCount) failed, \(skippedCount) skipped"
    return "\n" + bold(line) + "\n" + failures.map { "  failed: \($0)\n" }.joined()
  }

  private mutating func count(_ report: Run.Report) -> (word: String, reason: String) {
    switch report.outcome {
    case .passed:
      passedCount += 1
      return ("pass", "")
    case .failed(let reason):
      failedCount += 1
      failures.append("\(report.case.number) \(report.case.name)")
      return ("FAIL", reason)
    case .skipped(let reason):
      skippedCount += 1
      return ("skip", reason)
    }
  }

  private func line(of report: Run.Report, _ word: String, _ reason: String) -> Value {
    .map([
      Value.Entry("number", .string(report.case.number)),
      Value.Entry("name", .string(report.case.name)),
      Value.Entry("rule", .string(report.case.rule)),
      Value.Entry("result", .string(word.lowercased())),
      Value.Entry("ms", .double(report.time / .milliseconds(1))),
      Value.Entry("reason", .string(reason)),
    ])
  }

  private func bold(_ text: String) -> String { isColored ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  private func colored(_ word: String) -> String {
    guard isColored else { return word }
    let color = word == "pass" ? 32 : word == "FAIL" ? 31 : 33
    return "\u{1B}[\(color)m\(word)\u{1B}[0m"
  }
}

extension String {
  /// This text on one line, with nothing in it that a terminal would obey.
  fileprivate var oneLine: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
      )
    )
  }
}
