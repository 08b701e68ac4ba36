/// Colour, dash and marker of a curve: each alone tells it from its neighbours, for who sees few colours or prints in grey.
struct CurveLook {
  /// 0 for the curve that matters most.
  var rank: Int
  var role: LinePlot.Role

  /// Classes of its line; `PageStyle` has colours and dashes for ranks 0 to 5.
  var line: String { "l \(role.rawValue) k\(rank % 6)" }

  var band: String { "band k\(rank % 6)" }

  var whisker: String { "whisker \(role.rawValue) k\(rank % 6)" }

  /// Its marker; 6 colours and 5 shapes make 30 pairs before one comes again.
  func marker(_ x: Double, _ y: Double) -> String {
    Self.shape(rank % 5, "m \(role.rawValue) k\(rank % 6)", x, y, role == .main ? 4.5 : 3.8)
  }

  /// The marker of a single point, in ink and larger than those of curves.
  static func mark(_ place: Int, _ x: Double, _ y: Double) -> String {
    shape([3, 1, 2, 0, 4][place % 5], "mark", x, y, 5.5)
  }

  private static func shape(
    _ kind: Int,
    _ classes: String,
    _ x: Double,
    _ y: Double,
    _ radius: Double
  ) -> String {
    func points(_ offsets: [(Double, Double)]) -> String {
      offsets.map { "\(HTML.decimal(x + $0.0, 1)),\(HTML.decimal(y + $0.1, 1))" }
        .joined(separator: " ")
    }
    let (r, wide) = (radius, radius * 1.25)
    switch kind {
    case 0:
      return
        "<circle class=\"\(classes)\" cx=\"\(HTML.decimal(x, 1))\" cy=\"\(HTML.decimal(y, 1))\" r=\"\(HTML.decimal(r, 1))\"/>"
    case 1:
      let corners = points([(-r, -r), (r, -r), (r, r), (-r, r)])
      return "<polygon class=\"\(classes)\" points=\"\(corners)\"/>"
    case 2:
      let corners = points([(0, -wide), (wide, r), (-wide, r)])
      return "<polygon class=\"\(classes)\" points=\"\(corners)\"/>"
    case 3:
      let corners = points([(0, -wide), (wide, 0), (0, wide), (-wide, 0)])
      return "<polygon class=\"\(classes)\" points=\"\(corners)\"/>"
    default:
      let corners = points([(0, wide), (wide, -r), (-wide, -r)])
      return "<polygon class=\"\(classes)\" points=\"\(corners)\"/>"
    }
  }
}
