internal import Models

/// What one level of effort buys.
public struct EffortRow: Sendable, Equatable {
  /// 0 is the least work, 1 the whole model.
  public var effort: Double
  /// Experts run that are predicted within this share of the strongest; nil runs layers whole.
  public var tau: Double?
  /// Texts leave where an exit is as sure as this; nil asks no exits.
  public var threshold: Double?
  /// Share of the examples that are answered rightly.
  public var accuracy: Double
  /// Share of the examples that are answered as by the whole model.
  public var agreement: Double
  /// Multiply-accumulates of an example; nil if they were not counted.
  public var macs: Double?
  /// Multiply-accumulates, as a share of the whole model's.
  public var share: Double

  /// Describes a level.
  public init(
    effort: Double,
    tau: Double? = nil,
    threshold: Double? = nil,
    accuracy: Double,
    agreement: Double,
    macs: Double? = nil,
    share: Double
  ) {
    (self.effort, self.tau, self.threshold, self.macs) = (effort, tau, threshold, macs)
    (self.accuracy, self.agreement, self.share) = (accuracy, agreement, share)
  }

  /// Rows of a table that are read rather than skipped.
  private static let rowsMax = 16

  static func html(_ rows: [EffortRow]) -> String {
    func curve(_ name: String, _ role: LinePlot.Role, _ value: (EffortRow) -> Double)
      -> LinePlot.Curve
    {
      LinePlot.Curve(
        name: name,
        role: role,
        points: rows.map {
          .init(x: $0.effort, y: value($0), note: "for \(HTML.percent($0.share)) of the work")
        }
      )
    }
    let plot = LinePlot(
      xTitle: "effort",
      yTitle: "share of examples, %",
      curves: [
        curve("answered as by the whole model", .main, \.agreement),
        curve("right", .main, \.accuracy),
      ],
      xUnit: .plain
    )
    return "\(plot.html)\n\(table(rows).html)"
  }

  private static func table(_ rows: [EffortRow]) -> HTMLTable {
    let step = max(1, (rows.count + rowsMax - 1) / rowsMax)
    let shown = rows.enumerated()
      .filter { $0.offset % step == 0 || $0.offset == rows.count - 1 }.map(\.element)
    func optional(_ value: Double?) -> String { HTML.number(value ?? .nan, 3) }
    var columns: [(name: String, cell: (EffortRow) -> String)] = [
      ("effort", { HTML.number($0.effort, 2) })
    ]
    if rows.contains(where: { $0.tau != nil }) { columns.append(("τ", { optional($0.tau) })) }
    if rows.contains(where: { $0.threshold != nil }) {
      columns.append(("T", { optional($0.threshold) }))
    }
    columns.append(("right, %", { HTML.number(100 * $0.accuracy) }))
    columns.append(("agree, %", { HTML.number(100 * $0.agreement) }))
    if rows.contains(where: { $0.macs != nil }) {
      columns.append(("MACs", { HTML.short($0.macs ?? .nan) }))
    }
    columns.append(("work, %", { HTML.number(100 * $0.share) }))
    return HTMLTable(
      header: columns.map(\.name),
      rows: shown.map { row in columns.map { $0.cell(row) } }
    )
  }

  var json: JSON {
    .object([
      .init("effort", .finite(effort)), .init("tau", .finite(tau)),
      .init("threshold", .finite(threshold)), .init("accuracy", .finite(accuracy)),
      .init("agreement", .finite(agreement)), .init("macs", .finite(macs)),
      .init("macs_share", .finite(share)),
    ])
  }
}
