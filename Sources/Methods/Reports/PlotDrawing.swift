/// One picture of a plot, at one size; every coordinate lies inside its frame.
struct PlotDrawing {
  private let plot: LinePlot
  private let frame: PlotFrame
  private let range: PlotRange

  init(_ plot: LinePlot, _ frame: PlotFrame) {
    (self.plot, self.frame, range) = (plot, frame, PlotRange(plot))
  }

  /// Whiskers of more points than this would be a thicket.
  private static let whiskersMax = 16
  /// Markers that can be told apart on one curve.
  private static let markersMax = 30

  var svg: String {
    let label = HTML.escaped("\(plot.yTitle) against \(plot.xTitle)")
    let size = "\(HTML.decimal(frame.width, 0)) \(HTML.decimal(frame.height, 0))"
    let order: [LinePlot.Role] = [.reference, .baseline, .main]
    let drawn = order.flatMap { role in
      plot.curves.indices.filter { plot.curves[$0].role == role }
    }
    let parts =
      grid + plot.marks.compactMap(level) + drawn.flatMap(curve)
      + plot.marks.indices.compactMap(mark)
    return
      "<svg class=\"plot \(frame.name)\" viewBox=\"0 0 \(size)\" role=\"img\" aria-label=\"\(label)\">\n"
      + "\(parts.joined(separator: "\n"))\n</svg>"
  }

  // MARK: Places

  private func x(_ value: Double) -> Double {
    let share = (value - range.x.lowerBound) / (range.x.upperBound - range.x.lowerBound)
    return frame.left + min(1, max(0, share)) * (frame.width - frame.left - frame.right)
  }

  private func y(_ value: Double) -> Double {
    let share = (value - range.y.lowerBound) / (range.y.upperBound - range.y.lowerBound)
    return frame.height - frame.bottom
      - min(1, max(0, share)) * (frame.height - frame.top - frame.bottom)
  }

  private func pair(_ value: Double, _ height: Double) -> String {
    "\(HTML.decimal(x(value), 1)),\(HTML.decimal(y(height), 1))"
  }

  private func line(_ name: String, _ from: (Double, Double), _ to: (Double, Double)) -> String {
    let n = { HTML.decimal($0, 1) }
    return
      "<line class=\"\(name)\" x1=\"\(n(from.0))\" y1=\"\(n(from.1))\" x2=\"\(n(to.0))\" y2=\"\(n(to.1))\"/>"
  }

  // MARK: Parts

  private var grid: [String] {
    let (right, floor) = (frame.width - frame.right, frame.height - frame.bottom)
    let heights = percents(range.y, about: frame.ticks.y)
    var parts = heights.values.flatMap { value in
      [
        line("grid", (frame.left, y(value / 100)), (right, y(value / 100))),
        "<text class=\"tick\" text-anchor=\"end\" x=\"\(HTML.decimal(frame.left - 7, 1))\" y=\"\(HTML.decimal(y(value / 100) + 4.3, 1))\">\(HTML.number(value, heights.digits))</text>",
      ]
    }
    let isPercent = plot.xUnit == .percent
    let widths =
      switch plot.xUnit {
      case .percent: percents(range.x, about: frame.ticks.x)
      case .plain: PlotRange.ticks(range.x, about: frame.ticks.x)
      case .whole: Self.whole(PlotRange.ticks(range.x, about: frame.ticks.x).values)
      }
    for value in widths.values {
      let place = x(isPercent ? value / 100 : value)
      parts.append(line("foot", (place, floor), (place, floor + 4)))
      parts.append(
        "<text class=\"tick\" text-anchor=\"middle\" x=\"\(HTML.decimal(place, 1))\" y=\"\(HTML.decimal(floor + 18, 1))\">\(HTML.number(value, widths.digits))</text>"
      )
    }
    parts.append(line("foot", (frame.left, floor), (right, floor)))
    return parts
  }

  /// Round percents; none above 100 where nothing is, although the frame leaves room there.
  private func percents(_ range: ClosedRange<Double>, about count: Int) -> (
    values: [Double], digits: Int
  ) {
    let ticks = PlotRange.ticks(100 * range.lowerBound ... 100 * range.upperBound, about: count)
    let isShare = range.upperBound < 1.1
    return (ticks.values.filter { !isShare || $0 < 100 + 1e-6 }, ticks.digits)
  }

  private static func whole(_ ticks: [Double]) -> (values: [Double], digits: Int) {
    (ticks.filter { abs($0 - $0.rounded()) < 1e-6 }, 0)
  }

  private func level(_ mark: LinePlot.Mark) -> String? {
    guard mark.isLevel, mark.point.isFinite, range.y.contains(mark.point.y) else { return nil }
    let height = y(mark.point.y)
    return line("level", (frame.left, height), (frame.width - frame.right, height))
  }

  private func mark(_ place: Int) -> String? {
    let (mark, point) = (plot.marks[place], plot.marks[place].point)
    guard point.isFinite, range.y.contains(point.y) else { return nil }
    let title = HTML.escaped("\(mark.name): \(described(point))")
    return
      "<g><title>\(title)</title>\(whisker("whisker", point))\(CurveLook.mark(place, x(point.x), y(point.y)))</g>"
  }

  private func whisker(_ name: String, _ point: LinePlot.Point) -> String {
    guard point.margin.isFinite, point.margin > 0 else { return "" }
    let place = x(point.x)
    return line(name, (place, y(point.y - point.margin)), (place, y(point.y + point.margin)))
  }

  private func curve(_ place: Int) -> [String] {
    let (curve, look) = (plot.curves[place], plot.look(of: place))
    let points = curve.points.filter(\.isFinite).sorted { $0.x < $1.x }
    let runs = Self.runs(points, from: range.y.lowerBound)
    let shown = points.filter { range.y.contains($0.y) }
    var parts: [String] = []
    if curve.role == .main { parts += runs.compactMap { band($0, look) } }
    if curve.role == .baseline, shown.count <= Self.whiskersMax {
      parts += shown.map { whisker(look.whisker, $0) }.filter { !$0.isEmpty }
    }
    for run in runs where run.count > 1 {
      let path = run.map { pair($0.x, $0.y) }.joined(separator: " ")
      parts.append("<polyline class=\"\(look.line)\" points=\"\(path)\"/>")
    }
    let step = (shown.count + Self.markersMax - 1) / Self.markersMax
    for (number, point) in shown.enumerated() where number % step == 0 || point == shown.last {
      let title = HTML.escaped("\(curve.name): \(described(point))")
      parts.append("<g><title>\(title)</title>\(look.marker(x(point.x), y(point.y)))</g>")
    }
    return parts
  }

  private func band(_ run: [LinePlot.Point], _ look: CurveLook) -> String? {
    guard run.count > 1, run.contains(where: { $0.margin > 0 }) else { return nil }
    func edge(_ point: LinePlot.Point, _ sign: Double) -> String {
      pair(point.x, point.y + sign * (point.margin.isFinite ? max(0, point.margin) : 0))
    }
    let outline = run.map { edge($0, 1) } + run.reversed().map { edge($0, -1) }
    return "<polygon class=\"\(look.band)\" points=\"\(outline.joined(separator: " "))\"/>"
  }

  private func described(_ point: LinePlot.Point) -> String {
    let cost =
      switch plot.xUnit {
      case .percent: HTML.percent(point.x)
      case .plain: HTML.number(point.x, 2)
      case .whole: HTML.number(point.x, 0)
      }
    let hasMargin = point.margin.isFinite && point.margin > 0
    let margin = hasMargin ? " ± \(HTML.number(100 * point.margin))" : ""
    let note = point.note.isEmpty ? "" : " (\(point.note))"
    return "\(HTML.percent(point.y))\(margin) at \(cost)\(note)"
  }

  /// Cuts a curve where it goes below the floor: the line runs to the floor and comes back from it.
  static func runs(_ points: [LinePlot.Point], from floor: Double) -> [[LinePlot.Point]] {
    var runs: [[LinePlot.Point]] = []
    var before: LinePlot.Point?
    for point in points {
      let isShown = point.y >= floor
      if let before, isShown != (before.y >= floor) {
        let way = (floor - before.y) / (point.y - before.y)
        let cut = LinePlot.Point(
          x: before.x + way * (point.x - before.x),
          y: floor,
          margin: before.margin + way * (point.margin - before.margin)
        )
        if isShown { runs.append([cut]) } else { runs[runs.count - 1].append(cut) }
      }
      if isShown {
        if runs.isEmpty { runs.append([]) }
        runs[runs.count - 1].append(point)
      }
      before = point
    }
    return runs
  }
}
