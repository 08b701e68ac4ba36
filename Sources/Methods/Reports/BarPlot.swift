/// Shares beside each other, a bar for each name.
struct BarPlot: Sendable {
  /// A bar.
  struct Bar: Sendable {
    var name: String
    /// 0 to 1.
    var share: Double
    /// Behind the bar.
    var note: String
  }

  var bars: [Bar]

  /// A row for each bar: a list that wraps nowhere and needs no picture.
  var html: String {
    let most = max(1e-9, bars.map(\.share).filter(\.isFinite).max() ?? 1)
    let rows = bars.map { bar in
      let width = bar.share.isFinite ? max(0.5, 100 * bar.share / most) : 0
      return
        "<tr><th scope=\"row\">\(HTML.escaped(bar.name))</th><td class=\"bar\"><i style=\"width:\(HTML.number(width, 1))%\"></i></td><td>\(HTML.escaped(bar.note))</td></tr>"
    }
    return "<table class=\"bars\">\(rows.joined(separator: "\n"))</table>"
  }
}
