/// Rows of cells in columns as wide as their widest cell.
struct Columns {
  /// Which columns stand right; the others stand left.
  let right: Set<Int>
  private(set) var rows: [[String]] = []

  init(right: Set<Int> = []) { self.right = right }

  mutating func add(_ cells: String...) { rows.append(cells) }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// All rows, each with its line break and without spaces at its end.
  func text(indent: Int = 0) -> String {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0 ..< count).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        cell.padded(to: widths[column], right: right.contains(column))
      }
      let line = String(repeating: " ", count: indent) + cells.joined(separator: "  ")
      return line.trimmedAtEnd + "\n"
    }.joined()
  }
}

extension String {
  /// This text with spaces before or behind it.
  func padded(to width: Int, right: Bool) -> String {
    let spaces = String(repeating: " ", count: max(0, width - count))
    return right ? spaces + self : self + spaces
  }

  fileprivate var trimmedAtEnd: String {
    String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)])
  }
}
