extension LinePlot {
  /// Titles, legend and picture; titles are text of the page, which wraps where a picture's would be cut.
  ///
  /// The picture is there twice, since letters shrink with it: one for telephones and one for wider pages.
  var html: String {
    let entries = curves.indices.map(legend(curve:)) + marks.indices.map(legend(mark:))
    let pictures = [PlotFrame.wide, .narrow].map { PlotDrawing(self, $0).svg }
    return """
      <figure>
      <ul class="legend">
      \(entries.joined(separator: "\n"))
      </ul>
      <p class="axis">\(HTML.escaped(yTitle))</p>
      \(pictures.joined(separator: "\n"))
      <p class="axis x">\(HTML.escaped(xTitle))</p>
      \(captions.map { "<p class=\"note\">\(HTML.escaped($0))</p>" }.joined(separator: "\n"))
      </figure>
      """
  }

  private func legend(curve place: Int) -> String {
    let look = look(of: place)
    let line = "<line class=\"\(look.line)\" x1=\"1\" y1=\"7\" x2=\"39\" y2=\"7\"/>"
    return
      "<li><svg viewBox=\"0 0 40 14\" aria-hidden=\"true\">\(line)\(look.marker(20, 7))</svg>\(HTML.escaped(curves[place].name))</li>"
  }

  private func legend(mark place: Int) -> String {
    let mark = marks[place]
    let line =
      mark.isLevel ? "<line class=\"level\" x1=\"1\" y1=\"7\" x2=\"39\" y2=\"7\"/>" : ""
    let value = mark.point.y.isFinite ? ", \(HTML.percent(mark.point.y))" : ""
    return
      "<li><svg viewBox=\"0 0 40 14\" aria-hidden=\"true\">\(line)\(CurveLook.mark(place, 20, 7))</svg>\(HTML.escaped(mark.name + value))</li>"
  }

  /// Looks go to the curves that matter first; references have their own faint one.
  func look(of place: Int) -> CurveLook {
    let order: [Role] = [.main, .baseline, .reference]
    let sorted = order.flatMap { role in curves.indices.filter { curves[$0].role == role } }
    return CurveLook(rank: sorted.firstIndex(of: place) ?? place, role: curves[place].role)
  }

  /// What a reader must know of the picture: what intervals mean, and what is not in it.
  private var captions: [String] {
    var captions: [String] = []
    let points = curves.flatMap(\.points) + marks.map(\.point)
    if points.contains(where: { $0.isFinite && $0.margin.isFinite && $0.margin > 0 }) {
      captions.append("Band and whiskers: 95 % intervals.")
    }
    let least = PlotRange(self).y.lowerBound
    let hidden = curves.map { curve in
      (name: curve.name, heights: curve.points.filter { $0.isFinite && $0.y < least }.map(\.y))
    }.filter { !$0.heights.isEmpty }
    let lowest = hidden.flatMap(\.heights).min() ?? 0
    switch hidden.count {
    case 0: break
    case 1 ... Self.namedMax:
      let names = hidden.map { "\($0.name) (\(Self.reach($0.heights)))" }
      captions.append("Below what is shown: \(names.joined(separator: "; ")).")
    default:
      captions.append(
        "\(hidden.count) curves go on below what is shown, to \(HTML.percent(lowest))."
      )
    }
    return captions
  }

  private static func reach(_ heights: [Double]) -> String {
    let low = HTML.percent(heights.min() ?? 0)
    return heights.count == 1 ? "1 point at \(low)" : "\(heights.count) points, down to \(low)"
  }

  /// Curves that are named one by one where they leave the picture.
  private static let namedMax = 3
}
