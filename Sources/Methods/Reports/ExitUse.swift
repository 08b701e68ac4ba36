internal import Models

/// What came to one exit.
public struct ExitUse: Sendable, Equatable {
  /// What the exit is called: `layer 2`.
  public var name: String
  /// Examples, or tokens, that left there.
  public var count: Int
  /// Share of those that were answered rightly; nil if there were none.
  public var accuracy: Double?
  /// What leaving there costs, as a share of the whole model's work.
  public var cost: Double

  /// Describes an exit.
  public init(name: String, count: Int, accuracy: Double?, cost: Double) {
    (self.name, self.count, self.accuracy, self.cost) = (name, count, accuracy, cost)
  }

  /// A row with a bar for each exit; counts are left out where there is little room.
  static func html(_ exits: [ExitUse]) -> String {
    let sum = exits.reduce(0) { $0 + Double($1.count) }
    func share(_ exit: ExitUse) -> Double { sum > 0 ? Double(exit.count) / sum : 0 }
    let most = exits.map(share).max() ?? 1
    let rows = exits.map { exit in
      let numbers = [
        HTML.percent(share(exit), 0), HTML.percent(exit.accuracy ?? .nan),
        HTML.percent(exit.cost, 0),
      ]
      return
        "<tr>\(HTML.cell(exit.name, "th"))\(BarPlot.cell(share(exit), of: most))"
        + "<td class=\"n roomy\">\(HTML.count(exit.count))</td>"
        + numbers.map { "<td class=\"n\">\($0)</td>" }.joined() + "</tr>"
    }
    let names = ["share", "right", "work"].map { "<th scope=\"col\" class=\"n\">\($0)</th>" }
    return """
      <table class="bars">
      <thead><tr><th scope="col">left at</th><td></td><th scope="col" class="n roomy">count</th>\(names.joined())</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      """
  }

  var json: JSON {
    .object([
      .init("name", JSON.text(name)), .init("count", .integer(count)),
      .init("accuracy", .finite(accuracy)), .init("cost", .finite(cost)),
    ])
  }
}
