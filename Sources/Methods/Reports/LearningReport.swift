/// What a learning pass came to, as a page that shows itself: no script, nothing from elsewhere.
struct LearningReport: Sendable {
  /// A number that the page begins with.
  struct Headline: Sendable {
    var value: String
    var what: String
  }

  /// What a section shows.
  enum Body: Sendable {
    case plot(LinePlot)
    case bars(BarPlot)
    case table(header: [String], rows: [[String]])
    case examples([Example])
  }

  /// A text, and how it was answered.
  struct Example: Sendable {
    var text: String
    var label: String
    var answer: String
    var note: String
  }

  /// A part of the page.
  struct Section: Sendable {
    var title: String
    var lead: String
    var body: Body
  }

  var title: String
  /// Says what the page shows to who has never seen it.
  var lead: String
  var headlines: [Headline]
  var sections: [Section]
  /// Model, data, settings: names and values.
  var facts: [(name: String, value: String)]

  /// Characters of an example that are shown.
  private static let textMax = 280

  /// The page.
  var html: String {
    let numbers = headlines.map {
      "<div><b>\(HTML.escaped($0.value))</b><span>\(HTML.escaped($0.what))</span></div>"
    }
    let parts = sections.map { section in
      "<section><h2>\(HTML.escaped(section.title))</h2><p>\(HTML.escaped(section.lead))</p>\(Self.body(section.body))</section>"
    }
    let known = facts.map {
      "<dt>\(HTML.escaped($0.name))</dt><dd>\(HTML.escaped($0.value))</dd>"
    }
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTML.escaped(title))</title><style>\(PageStyle.css)</style></head><body><main>
      <h1>\(HTML.escaped(title))</h1>
      <p class="lead">\(HTML.escaped(lead))</p>
      <div class="numbers">\(numbers.joined())</div>
      \(parts.joined(separator: "\n"))
      <section><h2>How it was made</h2><dl>\(known.joined())</dl></section>
      </main></body></html>

      """
  }

  private static func body(_ body: Body) -> String {
    switch body {
    case .plot(let plot): return plot.html
    case .bars(let plot): return plot.html
    case .table(let header, let rows):
      let head = header.map { "<th scope=\"col\">\(HTML.escaped($0))</th>" }.joined()
      let lines = rows.map { row in
        "<tr>" + row.map { "<td>\(HTML.escaped($0))</td>" }.joined() + "</tr>"
      }
      return
        "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead><tbody>\(lines.joined(separator: "\n"))</tbody></table></div>"
    case .examples(let examples):
      let items = examples.map { example in
        let isCut = example.text.count > textMax
        let text = isCut ? example.text.prefix(textMax) + "…" : example.text[...]
        let isRight = example.label == example.answer
        return
          "<li><blockquote>\(HTML.escaped(String(text)))</blockquote><p class=\"note\">\(HTML.escaped(example.note)); answered <b>\(HTML.escaped(example.answer))</b>\(isRight ? ", rightly" : ", but it is \(HTML.escaped(example.label))")</p></li>"
      }
      return "<ul class=\"examples\">\(items.joined(separator: "\n"))</ul>"
    }
  }
}
