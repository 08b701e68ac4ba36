/// Curves of accuracy against work.
struct LinePlot: Sendable {
  /// A point with the interval around it.
  struct Point: Sendable {
    var x: Double
    var y: Double
    /// Half the width of its 95 % interval; 0 shows none.
    var margin = 0.0
    /// Said where a pointer rests.
    var note = ""
  }

  /// A named line through points.
  struct Curve: Sendable {
    var name: String
    var points: [Point]
    /// Whether it is what the page is about; others are drawn thinner.
    var isMain = false
  }

  var xTitle: String
  var yTitle: String
  var curves: [Curve]
  /// Named levels of y, drawn across.
  var levels: [(name: String, y: Double)] = []

  private static let (width, height) = (640.0, 400.0)
  private static let frame = (left: 58.0, right: 16.0, top: 14.0, bottom: 50.0)
  /// Below the best by more than this nothing is told apart by who chooses a setting.
  private static let depthMax = 0.12

  private var all: [Point] { curves.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite } }

  private var yRange: ClosedRange<Double> {
    let values = all.map(\.y) + levels.map(\.y)
    guard let most = values.max(), let least = values.min() else { return 0 ... 1 }
    let low = max(least, most - Self.depthMax)
    let room = max(0.005, 0.08 * (most - low))
    return max(0, low - room) ... min(1, most + room)
  }

  private var xRange: ClosedRange<Double> { 0 ... max(0.1, (all.map(\.x).max() ?? 1) * 1.03) }

  /// Points that lie below what is shown.
  private var hidden: Int {
    let range = yRange
    return all.count { $0.y < range.lowerBound }
  }

  /// The plot and its legend.
  var html: String {
    guard !all.isEmpty else { return "<p class=\"note\">Nothing was measured.</p>" }
    let legend = curves.enumerated().map { place, curve in
      "<li><svg viewBox=\"0 0 34 12\" aria-hidden=\"true\"><line class=\"\(line(place))\" x1=\"1\" y1=\"6\" x2=\"33\" y2=\"6\"/>"
        + "\(marker(place, 17, 6))</svg>\(HTML.escaped(curve.name))</li>"
    }
    let note =
      hidden > 0
      ? "<p class=\"note\">\(hidden) points lie below what is shown.</p>" : ""
    return "<figure>\(svg)<ul class=\"legend\">\(legend.joined())</ul>\(note)</figure>"
  }

  private func line(_ place: Int) -> String {
    "l c\(place % 6)\(curves[place].isMain ? " main" : "")"
  }

  private var svg: String {
    let (xs, ys) = (xRange, yRange)
    let frame = Self.frame
    func x(_ value: Double) -> Double {
      let share = (value - xs.lowerBound) / (xs.upperBound - xs.lowerBound)
      return frame.left + share * (Self.width - frame.left - frame.right)
    }
    func y(_ value: Double) -> Double {
      let share = (value - ys.lowerBound) / (ys.upperBound - ys.lowerBound)
      return Self.height - frame.bottom - share * (Self.height - frame.top - frame.bottom)
    }
    func number(_ value: Double) -> String { HTML.number(value, 1) }
    var parts = [
      "<svg class=\"plot\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(HTML.escaped("\(yTitle) against \(xTitle)"))\">"
    ]
    for tick in HTML.ticks(ys, about: 5) {
      parts.append(
        "<line class=\"grid\" x1=\"\(number(frame.left))\" x2=\"\(number(Self.width - frame.right))\" y1=\"\(number(y(tick)))\" y2=\"\(number(y(tick)))\"/>"
          + "<text class=\"tick\" text-anchor=\"end\" x=\"\(number(frame.left - 7))\" y=\"\(number(y(tick) + 4.5))\">\(HTML.number(100 * tick, ys.upperBound - ys.lowerBound < 0.03 ? 1 : 0))</text>"
      )
    }
    for tick in HTML.ticks(xs, about: 6) {
      parts.append(
        "<text class=\"tick\" text-anchor=\"middle\" x=\"\(number(x(tick)))\" y=\"\(number(Self.height - frame.bottom + 19))\">\(HTML.number(100 * tick, 0))</text>"
      )
    }
    let middle = (frame.left + Self.width - frame.right) / 2
    parts.append(
      "<text class=\"axis\" text-anchor=\"middle\" x=\"\(number(middle))\" y=\"\(number(Self.height - 10))\">\(HTML.escaped(xTitle))</text>"
        + "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(15 \(number((Self.height - frame.bottom + frame.top) / 2))) rotate(-90)\">\(HTML.escaped(yTitle))</text>"
    )
    for level in levels where ys.contains(level.y) {
      parts.append(
        "<line class=\"level\" x1=\"\(number(frame.left))\" x2=\"\(number(Self.width - frame.right))\" y1=\"\(number(y(level.y)))\" y2=\"\(number(y(level.y)))\"/>"
          + "<text class=\"named\" text-anchor=\"end\" x=\"\(number(Self.width - frame.right - 4))\" y=\"\(number(y(level.y) - 5))\">\(HTML.escaped(level.name))</text>"
      )
    }
    for (place, curve) in curves.enumerated() {
      let shown = curve.points.filter { $0.x.isFinite && ys.contains($0.y) }.sorted { $0.x < $1.x }
      if curve.isMain, shown.count > 1, shown.contains(where: { $0.margin > 0 }) {
        func edge(_ point: Point, _ sign: Double) -> String {
          let value = min(ys.upperBound, max(ys.lowerBound, point.y + sign * point.margin))
          return "\(number(x(point.x))),\(number(y(value)))"
        }
        let outline = shown.map { edge($0, 1) } + shown.reversed().map { edge($0, -1) }
        parts.append(
          "<polygon class=\"band c\(place % 6)\" points=\"\(outline.joined(separator: " "))\"/>"
        )
      }
      let path = shown.map { "\(number(x($0.x))),\(number(y($0.y)))" }
      parts.append("<polyline class=\"\(line(place))\" points=\"\(path.joined(separator: " "))\"/>")
      for point in shown {
        let note = point.note.isEmpty ? "" : "<title>\(HTML.escaped(point.note))</title>"
        parts.append("<g>\(note)\(marker(place, x(point.x), y(point.y)))</g>")
      }
    }
    parts.append("</svg>")
    return parts.joined(separator: "\n")
  }

  /// Shapes differ as well as colours do.
  private func marker(_ place: Int, _ x: Double, _ y: Double) -> String {
    let (kind, n) = ("m c\(place % 6)", { HTML.number($0, 1) })
    switch place % 4 {
    case 0: return "<circle class=\"\(kind)\" cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"4\"/>"
    case 1:
      return
        "<rect class=\"\(kind)\" x=\"\(n(x - 3.5))\" y=\"\(n(y - 3.5))\" width=\"7\" height=\"7\"/>"
    case 2:
      return
        "<polygon class=\"\(kind)\" points=\"\(n(x)),\(n(y - 5)) \(n(x + 5)),\(n(y + 4)) \(n(x - 5)),\(n(y + 4))\"/>"
    default:
      return
        "<polygon class=\"\(kind)\" points=\"\(n(x)),\(n(y - 5)) \(n(x + 5)),\(n(y)) \(n(x)),\(n(y + 5)) \(n(x - 5)),\(n(y))\"/>"
    }
  }
}
