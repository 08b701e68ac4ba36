import Foundation
import Models
import Testing

@testable import Methods

/// What a learning pass leaves for people and for programs.
struct LearningReportTests {
  private let full = SampleReport.full

  @Test func nothingIsTakenForMarkup() {
    let page = full.html
    for word in ["<script", "<img", "<model>", "<work>", "<l>", "<b>1<", "<x>", "<0>", "<only>"] {
      #expect(!page.contains(word), "\(word)")
    }
    #expect(!page.contains("\u{0}") && !page.contains("\u{85}"))
    #expect(page.contains("&lt;img src=x onerror=alert(1)&gt;  &amp;"))
    #expect(page.contains("<h1>A &lt;model&gt; &amp; more</h1>"))
    #expect(page.contains("do&quot;wn&#39;") && page.contains("data-name=\"accuracy &lt;%&gt;\""))
    #expect(page.contains("τ &lt; 1"))
  }

  @Test func itNeedsNothingFromElsewhere() {
    let page = full.html
    for word in ["http", " src=\"", "href=", "url(", "@import", "<link", "<script", "<iframe"] {
      #expect(!page.contains(word), "\(word)")
    }
    #expect(page.contains("width=device-width") && page.contains("prefers-color-scheme:dark"))
  }

  @Test func theSameReportGivesTheSameBytes() {
    #expect(full.html == SampleReport.full.html)
    #expect(full.json == SampleReport.full.json)
  }

  /// The numbers that were given, rounded for people.
  @Test(arguments: [
    "12.5 %", "−0.4", "12\u{202F}345 to learn from, 678 to choose by, 910 to test", "1 h 12 min",
    "\(UInt64.max)", "dense, 91.2 %", "85.0 % ± 1.0 at 20.0 %", "25.0 %", ">83.25<", "98.7 %",
    ">17 %<", ">0.950<", ">71.2<", ">1.23\u{202F}G<", ">12.4<", "12.3 %", "70.0 % of tokens",
    "layer 1, 97 % sure", "PyPI &lt;1&gt;", "One &lt;seed&gt; only.", "mini&lt;lm&gt;",
    "Below what is shown: main &amp; &lt;only&gt; (1 point at 20.0 %).",
  ])
  func numbersAreThoseGiven(text: String) {
    #expect(full.html.contains(text))
  }

  @Test func whatIsNotFiniteIsADash() throws {
    for report in [full, SampleReport.empty] {
      let words = report.html.lowercased().split { !$0.isLetter }
      #expect(!words.contains("nan") && !words.contains("inf") && !words.contains("infinity"))
      let text = String(decoding: report.json.text(), as: UTF8.self)
      #expect(!text.contains("nan,") && !text.contains(" inf") && !text.contains("-inf"))
    }
    #expect(full.html.contains(">–<"))
  }

  @Test func everyPartIsThereOrNot() {
    let parts = ["class=\"numbers\"", "To keep in mind", "How it was made", "Part &lt;6&gt;"]
    for part in parts {
      #expect(full.html.contains(part), "\(part)")
      #expect(!SampleReport.bare.html.contains(part), "\(part)")
    }
    #expect(!SampleReport.bare.html.contains("<section"))
    for (place, section) in full.sections.enumerated() {
      var one = SampleReport.bare
      one.sections = [section]
      #expect(one.html.contains("<h2>Part &lt;\(place)&gt;</h2>"))
      #expect(one.html.components(separatedBy: "<section").count == 2)
    }
  }

  @Test func nothingMeasuredIsSaid() {
    let page = SampleReport.empty.html
    let count = SampleReport.empty.sections.count
    #expect(page.components(separatedBy: "Nothing was measured.").count == count + 1)
    #expect(!page.contains("<svg") && !page.contains("<table"))
  }

  @Test func whatIsOpenedIsClosed() throws {
    for page in [full.html, SampleReport.bare.html, SampleReport.empty.html] {
      for tag in ["svg", "g", "figure", "section", "table", "ul", "li", "tr", "td", "p", "div"] {
        let open = page.matches(of: try Regex("<\(tag)[ >]")).count
        #expect(open == page.matches(of: try Regex("</\(tag)>")).count, "\(tag)")
      }
    }
  }

  @Test func theJSONParsesBack() throws {
    for report in [full, SampleReport.bare, SampleReport.empty] {
      let json = report.json
      let again = try JSON(parsing: json.text(), path: "report.json")
      #expect(again["title"] == json["title"] && again["sections"] == json["sections"])
      #expect(try JSONSerialization.jsonObject(with: Data(json.text())) is [String: Any])
    }
  }

  @Test func theJSONHasTheNumbers() throws {
    let json = full.json
    #expect(json["seed"]?.text == "\(UInt64.max)" && json["seconds"]?.number == 4321)
    #expect(json["data"]?["train"]?.integer == 12_345)
    #expect(SampleReport.bare.json["seed"] == .null && SampleReport.bare.json["model"] == .null)
    let sections = try #require(json["sections"]?.items)
    let kinds = ["plot", "bars", "table", "examples", "experts", "exits", "effort"]
    for (section, kind) in zip(sections, kinds) { #expect(section[kind] != nil, "\(kind)") }
    let points = sections[0]["plot"]?["curves"]?.items?[0]["points"]?.items
    #expect(points?[1]["y"]?.number == 0.85 && points?[2]["y"] == .null)
    #expect(sections[6]["effort"]?.items?[0]["macs"]?.number == 1.2345e9)
    #expect(json["facts"]?.items?.count == 2)
  }

  @Test func longTextsAreCut() {
    let words = LearningReport.Example(
      text: String(repeating: "words ", count: 500),
      label: "",
      answer: ""
    )
    #expect(words.shown.count < LearningReport.Example.charactersMax + 2)
    #expect(words.shown.hasSuffix(" words …"))
    let spaceless = String(repeating: "字", count: 500)
    let shown = LearningReport.Example(text: "a " + spaceless, label: "", answer: "").shown
    #expect(shown.count == LearningReport.Example.charactersMax + 2)
    let tall = "e" + String(repeating: "\u{301}", count: 100_000)
    #expect(
      LearningReport.Example(text: tall, label: "", answer: "").shown.unicodeScalars.count < 1200
    )
    #expect(LearningReport.Example(text: "short", label: "", answer: "").shown == "short")
  }

  @Test func itIsWrittenOnce() throws {
    let folder = NSTemporaryDirectory() + "mete-report-\(UUID().uuidString)"
    let missing = #expect(throws: FormatError.self) { try full.write(to: folder) }
    #expect(missing?.path == "\(folder)/report.json")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try full.write(to: folder)
    for (name, bytes) in full.files {
      #expect(FileManager.default.contents(atPath: "\(folder)/\(name)") == Data(bytes))
    }
    let there = #expect(throws: FormatError.self) { try full.write(to: folder) }
    #expect(there?.description.contains("is there already") == true)
  }
}
