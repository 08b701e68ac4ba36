internal import Models

/// Shares beside each other, a bar for each name.
public struct BarPlot: Sendable {
  /// A bar.
  public struct Bar: Sendable, Equatable {
    /// Stands before the bar.
    public var name: String
    /// Its length, 0 to 1.
    public var share: Double
    /// Stands behind the bar: the share as it should be read.
    public var note: String

    /// Names a share; without a note it is shown as percent.
    public init(name: String, share: Double, note: String? = nil) {
      (self.name, self.share, self.note) = (name, share, note ?? HTML.percent(share))
    }
  }

  /// From top to bottom.
  public var bars: [Bar]

  /// Puts bars below each other.
  public init(bars: [Bar]) { self.bars = bars }

  var html: String {
    let most = bars.map(\.share).filter(\.isFinite).max() ?? 1
    let rows = bars.map { bar in
      "<tr>\(HTML.cell(bar.name, "th"))\(Self.cell(bar.share, of: most))"
        + "\(HTML.cell(bar.note, "td", "n"))</tr>"
    }
    return "<table class=\"bars\"><tbody>\n\(rows.joined(separator: "\n"))\n</tbody></table>"
  }

  /// A bar as a cell of a table, which `most` would fill.
  static func cell(_ share: Double, of most: Double) -> String {
    let width = share.isFinite && most > 0 ? min(1, max(0, share / most)) : 0
    return "<td class=\"bar\"><i style=\"width:\(HTML.decimal(100 * width, 1))%\"></i></td>"
  }

  var json: JSON {
    .array(
      bars.map {
        .object([
          .init("name", JSON.text($0.name)), .init("share", .finite($0.share)),
          .init("note", JSON.text($0.note)),
        ])
      }
    )
  }
}
