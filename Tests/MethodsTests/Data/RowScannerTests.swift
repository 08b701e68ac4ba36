import Support
import Testing

@testable import Methods

/// Rows of fields and lines, in whatever pieces they come.
struct RowScannerTests {
  private let csv = RowScanner(delimiter: UInt8(ascii: ","), isQuoted: true)

  private func row(_ fields: String..., count: Int) -> RowScanner.Scan {
    .row(fields: fields.map { Array($0.utf8) }, count: count)
  }

  private func scan(_ text: String, isEnd: Bool = true) -> RowScanner.Scan {
    csv.scan(Array(text.utf8), from: 0, isEnd: isEnd)
  }

  @Test func fieldsAreAsRFC4180HasThem() {
    #expect(scan("a,b\nc") == row("a", "b", count: 4))
    #expect(scan("a,b\r\nc") == row("a", "b", count: 5))
    #expect(scan("a,b") == row("a", "b", count: 3))
    #expect(scan("a,") == row("a", "", count: 2))
    #expect(scan(",\n") == row("", "", count: 2))
    #expect(scan("\n") == row("", count: 1))
    #expect(scan("\"a,b\",\"c\r\nd\"\r\n") == row("a,b", "c\r\nd", count: 14))
    #expect(scan("\"he said \"\"no\"\"\",x\n") == row("he said \"no\"", "x", count: 19))
    #expect(scan("\"\",\"\"\"\"\n") == row("", "\"", count: 8))
    #expect(scan("\"a\"\r") == row("a", count: 4))
  }

  @Test func aQuoteInsideAFieldIsACharacter() {
    #expect(scan("5\" disk,x\n") == row("5\" disk", "x", count: 10))
  }

  @Test func aCarriageReturnAloneIsACharacter() {
    #expect(scan("a\rb,c\n") == row("a\rb", "c", count: 6))
  }

  @Test func brokenQuotesCostTheirLine() {
    #expect(scan("\"a\"b,c\nd,e\n") == .bad(.strayQuote, count: 7))
    #expect(scan("\"a\" ,c\nd\n") == .bad(.strayQuote, count: 7))
    #expect(scan("x,\"open\nd,e\n") == .bad(.openQuote, count: 8))
    #expect(scan("\"open") == .bad(.openQuote, count: 5))
    #expect(scan("\"a\"b", isEnd: false) == .unfinished(inQuotes: false))
    #expect(scan("\"a\"b,c", isEnd: false) == .unfinished(inQuotes: false))
  }

  @Test func moreColumnsThanTheLimitCostTheirLine() {
    let many = String(repeating: ",", count: LabelledLimits.columnsMax + 1)
    #expect(scan(many + "\nx") == .bad(.fieldCount, count: many.utf8.count + 1))
    #expect(scan(many, isEnd: false) == .unfinished(inQuotes: false))
  }

  @Test func withoutQuotesOrDelimiterALineIsALine() {
    let tsv = RowScanner(delimiter: UInt8(ascii: "\t"), isQuoted: false)
    #expect(
      tsv.scan(Array("\"a\tb\"\r\n".utf8), from: 0, isEnd: true) == row("\"a", "b\"", count: 7)
    )
    let lines = RowScanner(delimiter: nil, isQuoted: false)
    #expect(
      lines.scan(Array("x\n{,\t\"}\n".utf8), from: 2, isEnd: true) == row("{,\t\"}", count: 6)
    )
  }

  /// Any row, written with whatever quoting it needs, is read back, however the file is cut behind its beginning.
  @Test(arguments: 0 ..< 200)
  func cutsAreInvisible(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let alphabet = Array("ab\",\n\r é").map(String.init)
    let fields = (0 ..< Int.random(in: 1 ... 4, using: &random)).map { _ in
      (0 ..< Int.random(in: 0 ... 6, using: &random)).map { _ in
        alphabet[Int.random(in: 0 ..< alphabet.count, using: &random)]
      }.joined()
    }
    let written = fields.map { field in
      let mustQuote = field.utf8.contains { "\",\n\r".utf8.contains($0) }
      guard mustQuote || Bool.random(using: &random) else { return field }
      return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }.joined(separator: ",")
    let ending = Bool.random(using: &random) ? "\n" : "\r\n"
    let bytes = Array((written + ending).utf8)
    let whole = RowScanner.Scan.row(fields: fields.map { Array($0.utf8) }, count: bytes.count)
    let more = bytes + Array("next,row\n".utf8)
    #expect(
      csv.scan(more, from: 0, isEnd: true) == whole,
      "seed \(seed): \(written.debugDescription)"
    )
    for end in 0 ..< bytes.count {
      let scan = csv.scan(Array(bytes[..<end]), from: 0, isEnd: false)
      guard case .unfinished = scan else {
        Issue.record("seed \(seed): \(scan) after \(end) bytes of \(written.debugDescription)")
        continue
      }
    }
  }

  /// Whatever the bytes are, every scan moves on and every row lies inside them.
  @Test(arguments: 0 ..< 200)
  func anyBytesEnd(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let alphabet = Array("a\",\n\r".utf8) + [0xFF, 0]
    let bytes = (0 ..< 200).map { _ in alphabet[Int.random(in: 0 ..< 7, using: &random)] }
    var start = 0
    while start < bytes.count {
      switch csv.scan(bytes, from: start, isEnd: true) {
      case .row(_, let count), .bad(_, let count):
        #expect(count > 0 && start + count <= bytes.count, "seed \(seed)")
        start += max(1, count)
      case .unfinished:
        Issue.record("seed \(seed): unfinished at the end")
        return
      }
    }
  }
}
