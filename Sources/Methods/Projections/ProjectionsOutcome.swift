internal import Models

/// What replacing projections came to, before the model learned on as a whole.
struct ProjectionsOutcome {
  /// (layers) of one for each part: how much of what the linear map gave is lost, on texts to choose by.
  let errors: [[Double]]
  /// Between two maps.
  let neurons: Int
  /// By part of the data: the model with its linear maps, and with pairs of layers.
  let parts: [(name: String, linear: Measurement, pairs: Measurement)]

  /// What results hold.
  var members: [JSON.Member] {
    [
      .init("neurons", .integer(neurons)),
      .init(
        "errors",
        .array(
          errors.map { own in
            .object(zip(ProjectionPart.allCases, own).map { .init($0.rawValue, .number($1)) })
          }
        )
      ),
      .init(
        "whole",
        .object(
          parts.map { part in
            .init(
              part.name,
              .object([
                .init("linear", part.linear.json(against: nil)),
                .init("pairs", part.pairs.json(against: part.linear)),
              ])
            )
          }
        )
      ),
    ]
  }

  /// The page of the pass.
  ///
  /// - Parameter facts: model, data and settings.
  /// - Returns: what was measured, for a reader who has never seen it.
  func report(facts: [(name: String, value: String)]) -> LearningReport {
    let test = parts.last
    let rows = errors.enumerated().map { layer, own in
      ["\(layer + 1)"] + own.map { HTML.percent($0) }
    }
    return LearningReport(
      title: "Projections of \(facts.first?.value ?? "a model")",
      lead:
        "The four linear maps around each layer's attention were replaced by pairs of layers with \(neurons) neurons between, "
        + "taught to give the same. A linear map cannot be cut into experts, neurons can. The model learns on as a whole after this.",
      headlines: [
        .init(value: HTML.percent(test?.linear.accuracy ?? 0), what: "right with linear maps"),
        .init(
          value: HTML.percent(test?.pairs.accuracy ?? 0),
          what: "right with pairs of layers, before learning on"
        ),
      ],
      sections: [
        .init(
          title: "What was lost",
          lead:
            "Of what each linear map gives, the share of its variance that its pair of layers does not.",
          body: .table(header: ["layer"] + ProjectionPart.allCases.map(\.rawValue), rows: rows)
        )
      ],
      facts: facts
    )
  }
}
