import Foundation
import Testing

@testable import Methods

/// Pages that show themselves.
struct LearningReportTests {
  private func report(_ curves: [LinePlot.Curve], text: String = "fine") -> LearningReport {
    LearningReport(
      title: "A <model> & more",
      lead: "It's \"short\".",
      headlines: [.init(value: "12.5 %", what: "of the work")],
      sections: [
        .init(
          title: "Work",
          lead: "",
          body: .plot(
            LinePlot(xTitle: "work", yTitle: "accuracy", curves: curves, levels: [("dense", 0.9)])
          )
        ),
        .init(title: "Rows", lead: "", body: .table(header: ["a"], rows: [["<b>1"]])),
        .init(
          title: "Layers",
          lead: "",
          body: .bars(BarPlot(bars: [.init(name: "l", share: .nan, note: "n")]))
        ),
        .init(
          title: "Texts",
          lead: "",
          body: .examples([.init(text: text, label: "up", answer: "down", note: "layer 1")])
        ),
      ],
      facts: [("data", "<script>alert(1)</script>")]
    )
  }

  private let curve = LinePlot.Curve(
    name: "main & only",
    points: [
      .init(x: 0.1, y: 0.2, margin: 0.01), .init(x: 0.2, y: 0.85, margin: 0.01, note: "τ < 1"),
      .init(x: 0.5, y: 0.9, margin: 0.01), .init(x: 1, y: .nan),
    ],
    isMain: true
  )

  @Test func nothingIsTakenForMarkup() {
    let page = report([curve], text: "<img src=x onerror=alert(1)>\u{0}\u{85}&").html
    #expect(!page.contains("<script") && !page.contains("<img") && !page.contains("\u{0}"))
    #expect(page.contains("&lt;img src=x onerror=alert(1)&gt;  &amp;"))
    #expect(page.contains("A &lt;model&gt; &amp; more"))
  }

  @Test func itNeedsNothingFromElsewhere() {
    let page = report([curve]).html
    for word in ["http:", "https:", "src=", "url(", "@import", "<link"] {
      #expect(!page.contains(word), "\(word)")
    }
    #expect(page.contains("width=device-width"))
    #expect(page == report([curve]).html, "the same page every time")
  }

  /// Every coordinate is a number inside of the picture, and what is too low is said.
  @Test func pointsLieInsideThePicture() throws {
    let page = report([curve]).html
    #expect(!page.contains("nan") && !page.contains("inf"))
    #expect(page.contains("1 points lie below"))
    let pattern = try Regex("points=\"([^\"]*)\"")
    var seen = 0
    for match in page.matches(of: pattern) {
      for pair in (match.output[1].substring ?? "").split(separator: " ") {
        let numbers = pair.split(separator: ",").compactMap { Double($0) }
        #expect(
          numbers.count == 2 && (0 ... 640).contains(numbers[0]) && (0 ... 400).contains(numbers[1])
        )
        seen += 1
      }
    }
    #expect(seen > 3)
    let tags = ["svg", "g", "figure", "section", "table", "ul"]
    for tag in tags {
      let open = page.matches(of: try Regex("<\(tag)[ >]")).count
      #expect(open == page.matches(of: try Regex("</\(tag)>")).count, "\(tag)")
    }
  }

  @Test func nothingMeasuredIsSaid() {
    #expect(report([]).html.contains("Nothing was measured."))
    #expect(report([.init(name: "empty", points: [])]).html.contains("Nothing was measured."))
    let single = LinePlot.Curve(name: "one", points: [.init(x: 0.5, y: 0.5)])
    #expect(report([single]).html.contains("<svg class=\"plot\""))
  }

  @Test func ticksAreRound() {
    #expect(HTML.ticks(0 ... 1, about: 5) == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
    let fine = HTML.ticks(0.81 ... 0.84, about: 5).map { HTML.number($0, 3) }
    #expect(fine == ["0.810", "0.820", "0.830", "0.840"], "\(fine)")
    #expect(HTML.ticks(1 ... 1, about: 5) == [1])
    #expect(HTML.number(.infinity) == "–" && HTML.percent(0.5) == "50.0 %")
  }
}
