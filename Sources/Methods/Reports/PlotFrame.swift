internal import Foundation

/// A size that a plot is drawn at, and how much of it belongs to the numbers of the axes.
struct PlotFrame {
  var name: String
  var width: Double
  var height: Double
  var left = 46.0
  var right = 14.0
  var top = 12.0
  var bottom = 26.0
  var ticks: (x: Int, y: Int)

  /// As wide as the page's column.
  static let wide = PlotFrame(name: "wide", width: 800, height: 400, ticks: (10, 6))
  /// As wide as a telephone.
  static let narrow = PlotFrame(name: "narrow", width: 360, height: 300, ticks: (5, 5))
}

/// What part of the plane is shown.
struct PlotRange {
  let x: ClosedRange<Double>
  let y: ClosedRange<Double>

  /// Who is to choose a setting looks no further below the best than this; what is lower would flatten the rest.
  private static let depthMax = 0.12

  init(_ plot: LinePlot) {
    let points = (plot.curves.flatMap(\.points) + plot.marks.map(\.point)).filter(\.isFinite)
    let main = plot.curves.filter { $0.role == .main }
    let best = points.map(\.y).max() ?? 1
    // A main curve is seen even where everything else is far above it.
    let bests = main.compactMap { $0.points.filter(\.isFinite).map(\.y).max() }
    let floor = min(best, bests.min() ?? best) - Self.depthMax
    let shown = points.filter { $0.y >= floor }
    // Intervals of what matters are in the picture, unless they are very wide.
    let reaches = (main.flatMap(\.points) + plot.marks.map(\.point))
      .filter { $0.isFinite && $0.y >= floor && $0.margin.isFinite }
      .map { (y: $0.y, margin: min(0.05, max(0, $0.margin))) }
    let low = min(shown.map(\.y).min() ?? 0, reaches.map { $0.y - $0.margin }.min() ?? best)
    let high = max(best, reaches.map { $0.y + $0.margin }.max() ?? best)
    let room = max(0.004, 0.05 * (high - low), abs(high) * 1e-9)
    y = low - room ... high + room
    let xs = points.map(\.x)
    let (least, most) = (min(0, xs.min() ?? 0), max(xs.max() ?? 1, 0))
    let width = max(most - least, 0.05)
    x = least ... least + width * 1.03
  }

  /// Round numbers within `range`, about `count` of them, and the digits behind the point that tell them apart.
  static func ticks(_ range: ClosedRange<Double>, about count: Int) -> (
    values: [Double], digits: Int
  ) {
    let width = range.upperBound - range.lowerBound
    guard width > 0, width.isFinite, count > 0 else { return ([], 0) }
    let power = floor(log10(width / Double(count)))
    let unit = pow(10, power)
    let steps: [(size: Double, digits: Double)] = [(1, 0), (2, 0), (2.5, 1), (5, 0), (10, -1)]
    let step = steps.first { $0.size * unit * Double(count) >= 0.85 * width } ?? (10, -1)
    let size = step.size * unit
    let (first, last) = (
      (range.lowerBound / size - 1e-9).rounded(.up), (range.upperBound / size + 1e-9).rounded(.down)
    )
    // Numbers so large that neighbours are the same have no ticks.
    guard abs(first) < 1e9, abs(last) < 1e9, first <= last else { return ([], 0) }
    let digits = Int(min(9, max(0, step.digits - power)))
    return ((Int(first) ... Int(last)).map { Double($0) * size }, digits)
  }
}
