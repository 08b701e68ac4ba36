/// Rows of text under a header: columns of numbers stand right, and what is too wide for a telephone becomes cards there.
struct HTMLTable {
  var header: [String]
  var rows: [[String]]

  /// Characters that fit beside each other on a telephone, a gap counted as one: as they are, and in small print.
  private static let (widthMax, tightMax) = (38, 48)

  var html: String {
    let columns = max(header.count, rows.map(\.count).max() ?? 0)
    func cell(_ row: [String], _ column: Int) -> String { column < row.count ? row[column] : "" }
    let numeric = (0 ..< columns).map { column in
      column > 0 && rows.allSatisfy { Self.isNumber(cell($0, column)) }
    }
    let width = (0 ..< columns).reduce(0) { sum, column in
      let words = cell(header, column).split(separator: " ").map(\.count).max() ?? 0
      return sum + 1 + max(words, rows.map { cell($0, column).count }.max() ?? 0)
    }
    let head = (0 ..< columns).map {
      "<th scope=\"col\"\(numeric[$0] ? " class=\"n\"" : "")>\(HTML.escaped(cell(header, $0)))</th>"
    }
    let lines = rows.map { row in
      let cells = (0 ..< columns).map { column in
        let name = HTML.escaped(cell(header, column))
        let text = HTML.escaped(cell(row, column))
        return
          "<td data-name=\"\(name)\"\(numeric[column] ? " class=\"n\"" : "")>\(text)</td>"
      }
      return "<tr>\(cells.joined())</tr>"
    }
    return """
      <table class="rows\(width > Self.tightMax ? " cards" : width > Self.widthMax ? " tight" : "")">
      <thead><tr>\(head.joined())</tr></thead>
      <tbody>
      \(lines.joined(separator: "\n"))
      </tbody>
      </table>
      """
  }

  /// Whether a cell is a number with or without unit, or says that there is none.
  private static func isNumber(_ text: String) -> Bool {
    guard let first = text.first else { return true }
    return first.isNumber || "−-+±–<>≤≥.".contains(first)
  }
}
