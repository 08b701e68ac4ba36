extension LearningReport {
  /// The page: no script, nothing from elsewhere; one column on a telephone, light or dark as the reader's device is.
  public var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(HTML.escaped(title))</title>
    <style>
    \(PageStyle.css)
    </style>
    </head>
    <body>
    <main>
    <header>
    <h1>\(HTML.escaped(title))</h1>
    <p class="lead">\(HTML.escaped(lead))</p>
    </header>
    \((numbers + sections.map(\.html) + remarks + making).joined(separator: "\n"))
    <footer>Written by mete. The page needs no network; JSON beside it has the same numbers.</footer>
    </main>
    </body>
    </html>

    """
  }

  private var numbers: [String] {
    guard !headlines.isEmpty else { return [] }
    let cards = headlines.map { headline in
      let small =
        headline.explanation.isEmpty ? "" : "<small>\(HTML.escaped(headline.explanation))</small>"
      return
        "<div><b>\(HTML.escaped(headline.value))</b><span>\(HTML.escaped(headline.what))</span>\(small)</div>"
    }
    return ["<div class=\"numbers\">", cards.joined(separator: "\n"), "</div>"]
  }

  private var remarks: [String] {
    guard !notes.isEmpty else { return [] }
    let items = notes.map { "<li>\(HTML.escaped($0))</li>" }
    return [
      "<section><h2>To keep in mind</h2><ul>", items.joined(separator: "\n"), "</ul></section>",
    ]
  }

  private var making: [String] {
    var known: [(name: String, value: String)] = []
    if let model { known.append(("model", model)) }
    if let source {
      let parts = [source.train, source.choose, source.test].map { HTML.count($0) }
      known.append(("data", source.name))
      known.append(
        ("examples", "\(parts[0]) to learn from, \(parts[1]) to choose by, \(parts[2]) to test")
      )
      if !source.origin.isEmpty { known.append(("from", source.origin)) }
    }
    known += facts
    if let seed { known.append(("seed", "\(seed)")) }
    if let seconds { known.append(("time", HTML.duration(seconds))) }
    guard !known.isEmpty else { return [] }
    let items = known.map {
      "<div><dt>\(HTML.escaped($0.name))</dt><dd>\(HTML.escaped($0.value))</dd></div>"
    }
    return [
      "<section><h2>How it was made</h2><dl>", items.joined(separator: "\n"), "</dl></section>",
    ]
  }
}

extension LearningReport.Section {
  var html: String {
    let lead = lead.isEmpty ? "" : "<p>\(HTML.escaped(lead))</p>\n"
    return "<section><h2>\(HTML.escaped(title))</h2>\n\(lead)\(body.html)\n</section>"
  }
}

extension LearningReport.Body {
  private var isEmpty: Bool {
    switch self {
    case .plot(let plot): plot.isEmpty
    case .bars(let plot): plot.bars.isEmpty
    case .table(_, let rows): rows.isEmpty
    case .examples(let examples): examples.isEmpty
    case .experts(let layers): layers.isEmpty
    case .exits(let exits): exits.isEmpty
    case .effort(let rows): rows.isEmpty
    }
  }

  var html: String {
    guard !isEmpty else { return "<p class=\"note\">Nothing was measured.</p>" }
    switch self {
    case .plot(let plot): return plot.html
    case .bars(let plot): return plot.html
    case .table(let header, let rows): return HTMLTable(header: header, rows: rows).html
    case .examples(let examples):
      return "<ul class=\"examples\">\n\(examples.map(\.html).joined(separator: "\n"))\n</ul>"
    case .experts(let layers): return ExpertUse.html(layers)
    case .exits(let exits): return ExitUse.html(exits)
    case .effort(let rows): return EffortRow.html(rows)
    }
  }
}
