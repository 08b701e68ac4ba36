import Testing

@testable import Methods

/// Numbers and text as people read them.
struct HTMLTests {
  @Test func numbersAreWrittenForReaders() {
    #expect(HTML.number(-0.04, 1) == "0.0" && HTML.number(-0.06, 1) == "−0.1")
    #expect(HTML.number(83.25, 1) == "83.3" && HTML.number(0.95, 3) == "0.950")
    #expect(HTML.number(.nan) == "–" && HTML.number(-.infinity) == "–" && HTML.percent(.nan) == "–")
    #expect(HTML.percent(0.5) == "50.0 %" && HTML.percent(0.345, 0) == "35 %")
    #expect(HTML.count(1279) == "1279" && HTML.count(-12_345) == "−12\u{202F}345")
    #expect(HTML.count(1_234_567) == "1\u{202F}234\u{202F}567")
  }

  @Test func largeNumbersGetALetter() {
    #expect(HTML.short(0) == "0" && HTML.short(999) == "999" && HTML.short(1000) == "1\u{202F}k")
    #expect(HTML.short(12_345) == "12.3\u{202F}k" && HTML.short(999_600) == "1.00\u{202F}M")
    #expect(HTML.short(4.321e8) == "432\u{202F}M" && HTML.short(.infinity) == "–")
  }

  @Test func timesAreInTheUnitsThatSayMost() {
    #expect(HTML.duration(0.51) == "0.5 s" && HTML.duration(59.99) == "1 min 0 s")
    #expect(HTML.duration(754) == "12 min 34 s" && HTML.duration(7_270) == "2 h 1 min")
    #expect(HTML.duration(.nan) == "–")
  }

  @Test func decimalsAreForPrograms() {
    #expect(HTML.decimal(-1.25, 1) == "-1.3" && HTML.decimal(-0.001, 1) == "0.0")
    #expect(HTML.decimal(2, 0) == "2" && HTML.decimal(1.005e2, 3) == "100.500")
    #expect(Double(HTML.decimal(1e300, 1)) == 1e300)
  }

  @Test func wideTablesBecomeCards() {
    let narrow = HTMLTable(header: ["seed", "right"], rows: [["1", "83.2"], ["2", "–"]]).html
    #expect(!narrow.contains("cards") && narrow.contains("<th scope=\"col\" class=\"n\">right"))
    let header = (0 ..< 9).map { "column \($0)" }
    #expect(HTMLTable(header: header, rows: [header]).html.contains("class=\"rows cards\""))
  }
}
