internal import Models

/// Curves against work, and single points to hold them against.
public struct LinePlot: Sendable {
  /// How much a curve matters to the reader.
  public enum Role: String, Sendable {
    /// What the page is about: drawn thick, with a band for its intervals.
    case main
    /// What it is held against: thinner, with whiskers.
    case baseline
    /// What nobody could serve, such as an oracle: thin, without intervals.
    case reference
  }

  /// A measured point.
  public struct Point: Sendable, Equatable {
    /// What it costs: a share of the dense model's work, where axes are percent.
    public var x: Double
    /// What it comes to, 0 to 1.
    public var y: Double
    /// Half the width of its 95 % interval; 0 shows none.
    public var margin: Double
    /// The setting; said where a pointer rests.
    public var note: String

    /// Places a point; without a margin no interval is shown.
    public init(x: Double, y: Double, margin: Double = 0, note: String = "") {
      (self.x, self.y, self.margin, self.note) = (x, y, margin, note)
    }

    var isFinite: Bool { x.isFinite && y.isFinite }
  }

  /// A named line through points.
  public struct Curve: Sendable, Equatable {
    /// What the legend calls it.
    public var name: String
    /// How much it matters.
    public var role: Role
    /// In any order; those that are not finite are left out.
    public var points: [Point]

    /// Names a line.
    public init(name: String, role: Role = .baseline, points: [Point]) {
      (self.name, self.role, self.points) = (name, role, points)
    }
  }

  /// A single named point.
  public struct Mark: Sendable, Equatable {
    /// What the legend calls it.
    public var name: String
    /// Where it stands.
    public var point: Point
    /// Whether its height is drawn across the plot, as that of the dense model.
    public var isLevel: Bool

    /// Names a point.
    public init(name: String, _ point: Point, isLevel: Bool = false) {
      (self.name, self.point, self.isLevel) = (name, point, isLevel)
    }
  }

  /// What the numbers of an axis are.
  public enum Unit: String, Sendable {
    /// Shares, shown in percent.
    case percent
    /// Numbers as they are.
    case plain
    /// Counts, with nothing between them.
    case whole
  }

  /// What is to the right, with its unit.
  public var xTitle: String
  /// What is above, with its unit; y is always in percent.
  public var yTitle: String
  /// In the order of the legend.
  public var curves: [Curve]
  /// Behind the curves in the legend.
  public var marks: [Mark]
  /// What `x` is.
  public var xUnit: Unit

  /// Plots curves; marks may be left out.
  public init(
    xTitle: String,
    yTitle: String,
    curves: [Curve],
    marks: [Mark] = [],
    xUnit: Unit = .percent
  ) {
    (self.xTitle, self.yTitle, self.xUnit) = (xTitle, yTitle, xUnit)
    (self.curves, self.marks) = (curves, marks)
  }

  /// Whether there is nothing to be seen.
  var isEmpty: Bool {
    !curves.contains { $0.points.contains(where: \.isFinite) }
      && !marks.contains(where: \.point.isFinite)
  }

  var json: JSON {
    .object([
      .init("x_title", JSON.text(xTitle)), .init("y_title", JSON.text(yTitle)),
      .init(
        "curves",
        .array(
          curves.map {
            .object([
              .init("name", JSON.text($0.name)), .init("role", JSON.text($0.role.rawValue)),
              .init("points", .array($0.points.map(\.json))),
            ])
          }
        )
      ),
      .init(
        "marks",
        .array(
          marks.map { .object([.init("name", JSON.text($0.name)), .init("point", $0.point.json)]) }
        )
      ),
    ])
  }
}

extension LinePlot.Point {
  var json: JSON {
    .object([
      .init("x", .finite(x)), .init("y", .finite(y)), .init("margin_95", .finite(margin)),
      .init("note", JSON.text(note)),
    ])
  }
}
