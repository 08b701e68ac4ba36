import Support
import Testing

@testable import Methods

/// Every reason for which a row is skipped, in a file whose other rows are used.
struct SkipTests {
  struct Faulty: Sendable, CustomTestStringConvertible {
    let reason: SkipReason
    let name: String
    let row: [UInt8]
    var change: @Sendable (inout LabelledSettings) -> Void = { _ in }

    init(
      _ reason: SkipReason,
      _ name: String,
      _ row: String,
      _ change: @escaping @Sendable (inout LabelledSettings) -> Void = { _ in }
    ) {
      self.init(reason, name, Array(row.utf8), change)
    }

    init(
      _ reason: SkipReason,
      _ name: String,
      _ row: [UInt8],
      _ change: @escaping @Sendable (inout LabelledSettings) -> Void = { _ in }
    ) {
      self.reason = reason
      self.name = name
      self.row = row
      self.change = change
    }

    var testDescription: String { "\(reason.rawValue), \(name)" }
  }

  private static let long = String(repeating: "x", count: LabelledLimits.textBytesMax + 1)
  private static let longName = String(repeating: "n", count: LabelledLimits.labelBytesMax + 1)
  private static let names = (0 ... LabelledLimits.rowLabelsMax).map(String.init)

  static let table: [Faulty] = [
    Faulty(.blankLine, "csv", ""),
    Faulty(.blankLine, "csv", " \t "),
    Faulty(.fieldCount, "csv", "a,b,c"),
    Faulty(.fieldCount, "csv", "alone"),
    Faulty(.fieldCount, "tsv", "a\tb\tc"),
    Faulty(.fieldCount, "csv", String(repeating: ",", count: 2_000)),
    Faulty(.openQuote, "csv", "\"a,b"),
    Faulty(.strayQuote, "csv", "\"a\" said,b"),
    Faulty(.tooLong, "csv", "\(long),b"),
    Faulty(.tooLong, "csv", "a\(String(repeating: long, count: 5)),b"),
    Faulty(.badUTF8, "csv", [0x61, 0xFF, 0x2C, 0x62]),
    Faulty(.badUTF8, "csv", [0x61, 0x2C, 0xC3]),
    Faulty(.filteredOut, "csv", "a,b") { $0.filter = .init(column: "label", value: "y") },
    Faulty(.blankText, "csv", " ,b"),
    Faulty(.blankText, "csv", "\u{00A0}\u{3000},b"),
    Faulty(.noPair, "tsv", "a\tb") {
      $0.pair = "label"
      $0.needsPair = true
      $0.label = "text"
      $0.filter = .init(column: "text", value: "never")
    },
    Faulty(.noLabel, "csv", "a,-") { $0.absentLabel = "-" },
    Faulty(.noLabel, "jsonl", #"{"text": "a", "label": "-"}"#) { $0.absentLabel = "-" },
    Faulty(.noLabel, "csv", "a, "),
    Faulty(.badLabel, "csv", "a,\(longName)"),
    Faulty(.badLabel, "csv", "a,\(names.joined(separator: "|"))") {
      $0.labelSeparator = UInt8(ascii: "|")
    },
  ].filter { $0.reason != .noPair }

  static let lines: [Faulty] = [
    Faulty(.blankLine, "jsonl", ""),
    Faulty(.badJSON, "jsonl", "{\"text\": \"a\""),
    Faulty(.badJSON, "jsonl", "{\"text\": \"a\", \"text\": \"b\", \"label\": 1}"),
    Faulty(.badJSON, "jsonl", "[\"a\", 1]"),
    Faulty(.badJSON, "jsonl", "\"a\""),
    Faulty(.tooLong, "jsonl", "{\"text\": \"\(long)\", \"label\": 1}"),
    Faulty(.tooLong, "jsonl", "{\"text\": \"\(String(repeating: long, count: 9))\", \"label\": 1}"),
    Faulty(.tooLong, "jsonl", "{\"text\": \"a\", \"pair\": \"\(long)\", \"label\": 1}"),
    Faulty(.badUTF8, "jsonl", Array("{\"text\": \"a".utf8) + [0xFF] + Array("\"}".utf8)),
    Faulty(.filteredOut, "jsonl", "{\"text\": \"a\", \"label\": 1}") {
      $0.filter = .init(column: "label", value: "y")
    },
    Faulty(.noText, "jsonl", "{\"label\": 1}"),
    Faulty(.noText, "jsonl", "{\"text\": 7, \"label\": 1}"),
    Faulty(.noText, "jsonl", "{\"text\": null, \"label\": 1}"),
    Faulty(.blankText, "jsonl", "{\"text\": \" \\n\", \"label\": 1}"),
    Faulty(.noPair, "jsonl", "{\"text\": \"a\", \"pair\": 1, \"label\": 1}"),
    Faulty(.noLabel, "jsonl", "{\"text\": \"a\"}"),
    Faulty(.noLabel, "jsonl", "{\"text\": \"a\", \"label\": null}"),
    Faulty(.badLabel, "jsonl", "{\"text\": \"a\", \"label\": 1.5}"),
    Faulty(.badLabel, "jsonl", "{\"text\": \"a\", \"label\": \" \"}"),
    Faulty(.badLabel, "jsonl", "{\"text\": \"a\", \"label\": {\"x\": 1}}"),
    Faulty(.badLabel, "jsonl", "{\"text\": \"a\", \"label\": [[1]]}"),
    Faulty(.badLabel, "jsonl", "{\"text\": \"a\", \"label\": \"\(longName)\"}"),
    Faulty(.badLabel, "jsonl", "{\"text\": \"a\", \"label\": [\(names.joined(separator: ","))]}"),
  ]

  @Test(arguments: table + lines)
  func theRowIsSkippedAndTheOthersAreUsed(faulty: Faulty) throws {
    let folder = try TemporaryFolder()
    let rows =
      switch faulty.name {
      case "csv": ["text,label\n", "good,y\n", "fine,y\n"]
      case "tsv": ["text\tlabel\n", "good\ty\n", "fine\ty\n"]
      default: ["{\"text\":\"first\",\"label\":\"y\"}\n"] + Self.goodLines
      }
    let first = rows[0] + rows[1]
    let bytes = Array(first.utf8) + faulty.row + Array(("\n" + rows[2]).utf8)
    let path = try folder.write(bytes, to: "a.\(faulty.name)")
    var settings = LabelledSettings()
    faulty.change(&settings)
    let (examples, report) = try LabelledFile.readAll(path: path, settings: settings)
    let used = faulty.name == "jsonl" ? ["first", "good", "fine"] : ["good", "fine"]
    #expect(examples.map(\.text) == used)
    #expect(report.skips == [.init(reason: faulty.reason, count: 1, lines: [3])])
    #expect(report.skippedCount == 1 && examples.last?.line == 4)
    #expect(report.summary == "1 × \(faulty.reason.rawValue) (line 3)")
  }

  private static let goodLines = [
    "{\"text\":\"good\",\"label\":\"y\"}\n", "{\"text\":\"fine\",\"label\":\"y\"}\n",
  ]

  @Test func aMissingSecondTextIsSkippedWhereOneIsNeeded() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array("text,pair,label\na,b,y\nc, ,y\n".utf8), to: "a.csv")
    var settings = LabelledSettings()
    #expect(try LabelledFile.readAll(path: path).examples.map(\.pair) == ["b", nil])
    settings.needsPair = true
    let (examples, report) = try LabelledFile.readAll(path: path, settings: settings)
    #expect(examples.map(\.pair) == ["b"] && report.summary == "1 × no second text (line 3)")
  }

  @Test func everyReasonIsTried() {
    let tried = Set((Self.table + Self.lines).map(\.reason))
    #expect(Set(SkipReason.allCases).subtracting(tried).isEmpty)
  }

  @Test func bytesThatAreNotUTF8CanBeReplaced() throws {
    let folder = try TemporaryFolder()
    let bytes = Array("text,label\na".utf8) + [0xFF, 0xC3] + Array("b,y\n".utf8)
    let path = try folder.write(bytes, to: "a.csv")
    var settings = LabelledSettings()
    settings.repairsText = true
    let (examples, _) = try LabelledFile.readAll(path: path, settings: settings)
    #expect(examples.map(\.text) == ["a\u{FFFD}\u{FFFD}b"])
  }

  @Test func onlyTheFirstLinesAreNamed() throws {
    let folder = try TemporaryFolder()
    let rows = String(repeating: "a\n", count: 7)
    let path = try folder.write(Array("text,label\nx,y\n\(rows)".utf8), to: "a.csv")
    let (_, report) = try LabelledFile.readAll(path: path)
    #expect(
      report.summary
        == "7 × another number of fields than columns (lines 3, 4, 5, 6, 7 …)"
    )
  }
}
