import Foundation
import Support
import Testing

@testable import Methods

/// Files of labelled text as people have them.
struct LabelledFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(
    _ name: String,
    _ text: String,
    _ change: (inout LabelledSettings) -> Void = { _ in }
  ) throws -> (examples: [Example], report: ReadingReport) {
    var settings = LabelledSettings()
    change(&settings)
    let path = try folder.write(Array(text.utf8), to: name)
    return try LabelledFile.readAll(path: path, settings: settings)
  }

  /// What is said of a file that cannot be used.
  private func complaint(
    _ name: String,
    _ bytes: [UInt8],
    _ change: (inout LabelledSettings) -> Void = { _ in }
  ) throws -> String {
    var settings = LabelledSettings()
    change(&settings)
    let path = try folder.write(bytes, to: name)
    let error = #expect(throws: DatasetError.self) {
      try LabelledFile.readAll(path: path, settings: settings)
    }
    #expect(error?.path == path)
    return error.map { "\($0)".replacing(folder.path + "/", with: "") } ?? ""
  }

  @Test func csvGivesTextsAndLabels() throws {
    let text = "label,id,text\r\npos,1,\"Good, \"\"really\"\"\r\ngood.\"\r\nneg,2, Bad. \r\n"
    let (examples, report) = try read("a.csv", text)
    #expect(
      examples == [
        Example(text: "Good, \"really\"\r\ngood.", labels: ["pos"], line: 2),
        Example(text: " Bad. ", labels: ["neg"], line: 4),
      ]
    )
    #expect(report.used == 2 && report.skips.isEmpty && report.summary.isEmpty)
    #expect(report.labels == ["pos": 1, "neg": 1] && report.rowLabels == 1 && report.pairs == 0)
  }

  @Test func aByteOrderMarkIsPassedOver() throws {
    let (examples, _) = try read("a.csv", "\u{FEFF}text,label\nx,y\n")
    #expect(examples == [Example(text: "x", labels: ["y"], line: 2)])
    let (lines, _) = try read("a.jsonl", "\u{FEFF}{\"text\":\"x\",\"label\":\"y\"}")
    #expect(lines == [Example(text: "x", labels: ["y"], line: 1)])
  }

  @Test func tsvTakesQuotesAsTheyAre() throws {
    let (examples, _) = try read("a.tsv", "text\tpair\tlabel\n\"a\tb\"\t0\n")
    #expect(examples == [Example(text: "\"a", pair: "b\"", labels: ["0"], line: 2)])
    let (quoted, _) = try read("a.tab", "text\tlabel\n\"a\tb\"\t0\n") { $0.isQuoted = true }
    #expect(quoted == [Example(text: "a\tb", labels: ["0"], line: 2)])
  }

  @Test func otherDelimitersAndNoHeader() throws {
    let (examples, _) = try read("a.csv", "0;a\n1;b\n") {
      $0.delimiter = UInt8(ascii: ";")
      $0.hasHeader = false
      $0.text = "2"
      $0.label = "1"
    }
    #expect(examples.map(\.text) == ["a", "b"] && examples.map(\.labels) == [["0"], ["1"]])
  }

  @Test func jsonLabelsAreStringsNumbersTruthsOrArrays() throws {
    let (examples, report) = try read(
      "a.jsonl",
      """
      {"text": "a", "label": " x "}
      {"label": 3, "text": "b", "other": {"deep": [1]}}
      {"text": "c", "label": ["x", 4, true, "x"], "pair": "d\\u00e9"}
      {"text": "e", "label": []}
      """
    )
    #expect(examples.map(\.labels) == [["x"], ["3"], ["x", "4", "true"], []])
    #expect(examples.map(\.pair) == [nil, nil, "dé", nil])
    #expect(examples.map(\.line) == [1, 2, 3, 4])
    #expect(report.labels == ["x": 2, "3": 1, "4": 1, "true": 1] && report.rowLabels == 3)
    #expect(report.pairs == 1 && report.unlabelled == 0)
  }

  @Test func severalLabelsStandBetweenSeparators() throws {
    let (examples, _) = try read("a.csv", "text,label\na,x| y |x\nb,\nc,z\n") {
      $0.labelSeparator = UInt8(ascii: "|")
    }
    #expect(examples.map(\.labels) == [["x", "y"], [], ["z"]])
  }

  @Test func theFilterChooses() throws {
    let (examples, report) = try read("a.csv", "text,label,from\na,0,p\nb,1,q\nc,0,q\n") {
      $0.filter = .init(column: "from", value: "q")
    }
    #expect(examples.map(\.text) == ["b", "c"])
    #expect(report.summary == "1 × left out by the filter (line 2)")
    let (lines, _) = try read("a.jsonl", "{\"text\":\"a\",\"n\":1}\n{\"text\":\"b\",\"n\":2}\n") {
      $0.filter = .init(column: "n", value: "2")
      $0.needsLabels = false
    }
    #expect(lines == [Example(text: "b", line: 2)])
  }

  @Test func rowsLongerThanAPieceAreWhole() throws {
    let long = String(repeating: "word \"\"and\"\"\r\n", count: 60_000)
    let rows = (0 ..< 3).map { "\"\($0) \(long)\",\($0)\n" }.joined()
    let (examples, report) = try read("a.csv", "text,label\n\(rows)end,3\n")
    let clean = long.replacing("\"\"", with: "\"")
    #expect(examples.prefix(3).map(\.text) == (0 ..< 3).map { "\($0) \(clean)" })
    #expect(examples.last == Example(text: "end", labels: ["3"], line: 180_005))
    #expect(report.skips.isEmpty)
  }

  @Test func filesWithoutUseNameTheReason() throws {
    func said(_ name: String, _ text: String) throws -> String {
      try complaint(name, Array(text.utf8))
    }
    #expect(try said("a.csv", "") == "a.csv: is empty")
    #expect(try said("a.csv", "text,label\n") == "a.csv: no row can be used: it has none")
    let blank = try said("a.csv", "text,label\n ,x\n\n,y\n")
    #expect(
      blank == "a.csv: no row can be used: 1 × a blank line (line 3); 2 × a blank text (lines 2, 4)"
    )
    let missing = try said("a.csv", "txt,label\na,b\n")
    #expect(missing == "a.csv: line 1: no column \"text\" for the text; it has \"txt\", \"label\"")
    #expect(try said("a.csv", "text\na\n").contains("no column \"label\" for the labels"))
    #expect(try said("a.csv", "text,text,label\n").contains("two columns are called \"text\""))
    #expect(try said("a.csv", "\"text,label\na,b\n").contains("line 1: the header cannot be read"))
    #expect(try said("a.txt", "text").contains("its format must be told"))
    #expect(try said("a.jsonl", "[1]\n").contains("1 × not a JSON object (line 1)"))
    let sixteen = try complaint("a.csv", [0xFF, 0xFE, 0x74, 0, 0x0A, 0])
    #expect(sixteen == "a.csv: is UTF-16; save it as UTF-8")
    let wide = String(repeating: "x,", count: LabelledLimits.columnsMax) + "text\n"
    #expect(try said("a.csv", wide).contains("columns"))
    let pair = try complaint("a.csv", Array("text,label\na,b\n".utf8)) { $0.needsPair = true }
    #expect(pair.contains("no column \"pair\" for the second text"))
    let filter = try complaint("a.csv", Array("text,label\na,b\n".utf8)) {
      $0.filter = .init(column: "from", value: "x")
    }
    #expect(filter.contains("no column \"from\" for the filter"))
  }

  @Test func filesThatAreNoneAreRefused() throws {
    let nothing = #expect(throws: DatasetError.self) {
      try LabelledFile(path: "\(folder.path)/nothing.csv")
    }
    #expect(nothing?.reason == "cannot be opened (No such file or directory)")
    let inner = "\(folder.path)/inner.csv"
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
    let error = #expect(throws: DatasetError.self) { try LabelledFile(path: inner) }
    #expect(error?.reason == "cannot be opened (Is a directory)")
  }

  @Test func tooManyLabelsAreAnError() throws {
    let rows = (0 ... LabelledLimits.labelsMax).map { "a,\($0)\n" }.joined()
    let said = try complaint("a.csv", Array("text,label\n\(rows)".utf8))
    #expect(said.contains("more than \(LabelledLimits.labelsMax) different labels"))
    #expect(said.contains("line \(LabelledLimits.labelsMax + 2)"))
  }
}
