internal import Models

extension ExitsMeter {
  private func json(_ setting: Setting) -> JSON {
    let own = setting.measured.json(against: baselines[1]).members ?? []
    return .object(
      own.filter { $0.key != Array("ffn_share".utf8) } + [
        .init("tau", setting.tau.map { .number($0) } ?? .null),
        .init("left_at", .array(setting.counts.map { .integer($0) })),
      ]
    )
  }

  private func json(_ row: BudgetRow) -> JSON {
    let served = tables.first { $0.method == .zeroTimeWaste }?.rows
      .first { $0.budget == row.budget }?.best?.measured
    let difference = row.best.flatMap { own in
      served.map { PairedDifference(own.measured.isRight, minus: $0.isRight).json }
    }
    return .object([
      .init("budget", .number(row.budget)),
      .init("best", row.best.map(json) ?? .null),
      .init("minus_ztw", difference ?? .null),
      .init("at_budget", row.level.map { .number($0) } ?? .null),
    ])
  }

  /// What results hold.
  var members: [JSON.Member] {
    let parts = ["choose", "test"]
    return [
      .init(
        "whole",
        .object(
          parts.indices.map { part in
            .init(
              parts[part],
              .object([
                .init("baseline", baselines[part].json(against: nil)),
                .init("model", wholes[part].json(against: baselines[part])),
              ])
            )
          }
        )
      ),
      .init("finals", .object(finals.map { .init($0.name, json($0.setting)) })),
      .init(
        "tables",
        .object(
          tables.map { table in
            .init(
              table.method.rawValue,
              .array(table.rows.map(json))
            )
          }
        )
      ),
      .init(
        "depths",
        .object(
          depths.map { own in
            .init(
              own.method.rawValue,
              .object([
                .init("accuracies", .array(own.accuracies.map { .number($0) })),
                .init("improvable", .array(own.improvable.map { $0.map { .number($0) } ?? .null })),
              ])
            )
          }
        )
      ),
      .init(
        "curves",
        .object(
          curves.map { own in .init(own.method.rawValue, .array(Self.thinned(own.points).map(json)))
          }
        )
      ),
      .init("together", .array(together.map(json))),
      .init("effort", effort?.json ?? .null),
    ]
  }
}
