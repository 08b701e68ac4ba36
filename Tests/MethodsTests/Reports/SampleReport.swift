@testable import Methods

/// A report with every kind of section, and text that would be markup.
enum SampleReport {
  static let bodies: [LearningReport.Body] = [
    .plot(
      LinePlot(
        xTitle: "work, % of dense",
        yTitle: "accuracy, %",
        curves: [
          .init(
            name: "main & <only>",
            role: .main,
            points: [
              .init(x: 0.1, y: 0.2, margin: 0.01),
              .init(x: 0.2, y: 0.85, margin: 0.01, note: "τ < 1"),
              .init(x: 1, y: .nan), .init(x: 0.5, y: 0.9, margin: .infinity),
            ]
          ),
          .init(
            name: "fixed",
            points: [.init(x: 0.3, y: 0.8, margin: 0.02), .init(x: 0.6, y: 0.89, margin: 0.02)]
          ),
        ],
        marks: [.init(name: "dense", .init(x: 1, y: 0.912, margin: 0.012), isLevel: true)]
      )
    ),
    .bars(BarPlot(bars: [.init(name: "<l>", share: 0.25), .init(name: "m", share: .nan)])),
    .table(header: ["seed", "accuracy <%>"], rows: [["<b>1", "83.25"], ["2"]]),
    .examples([
      .init(text: "<img src=x onerror=alert(1)>\u{0}\u{85}&", label: "up", answer: "do\"wn'"),
      .init(text: "yes", label: "up", answer: "up", note: "layer 1, 97 % sure"),
    ]),
    .experts([
      .init(name: "layer <1>", mean: 0.123, tokens: [70, 20, 10, 0, 0, 0, 0, 0, 0, 0]),
      .init(name: "layer 2", mean: .nan),
    ]),
    .exits([
      .init(name: "layer <1>", count: 12_345, accuracy: 0.987, cost: 0.17),
      .init(name: "the end", count: 0, accuracy: nil, cost: .infinity),
    ]),
    .effort([
      .init(
        effort: 0,
        tau: 0.95,
        threshold: 0.5,
        accuracy: 0.712,
        agreement: 0.75,
        macs: 1.2345e9,
        share: 0.124
      ), .init(effort: 0.4, tau: 0.5, accuracy: 0.85, agreement: 0.95, share: 0.4),
      .init(effort: 1, accuracy: 0.86, agreement: 1, share: 1),
    ]),
  ]

  static let full = LearningReport(
    title: "A <model> & more",
    lead: "It's \"short\".",
    model: "mini<lm>",
    source: .init(name: "set <x>", train: 12_345, choose: 678, test: 910, origin: "PyPI <1>"),
    seed: .max,
    seconds: 4_321,
    headlines: [
      .init(value: "12.5 %", what: "of the <work>", explanation: "<small> print"),
      .init(value: "−0.4", what: "points"),
    ],
    sections: bodies.enumerated().map {
      .init(title: "Part <\($0.offset)>", lead: "Read <\($0.offset)> so.", body: $0.element)
    },
    facts: [("rate <r>", "5e-5 <script>alert(1)</script>"), ("rate <r>", "again")],
    notes: ["One <seed> only."]
  )

  static let bare = LearningReport(title: "Bare", lead: "Nothing yet.")

  /// Every kind of section with nothing in it.
  static let empty = LearningReport(
    title: "Empty",
    lead: "",
    sections: [
      LearningReport.Body.plot(LinePlot(xTitle: "x", yTitle: "y", curves: [])),
      .plot(LinePlot(xTitle: "x", yTitle: "y", curves: [.init(name: "none", points: [])])),
      .plot(
        LinePlot(
          xTitle: "x",
          yTitle: "y",
          curves: [.init(name: "n", points: [.init(x: .nan, y: 1), .init(x: 1, y: .infinity)])]
        )
      ),
      .bars(BarPlot(bars: [])), .table(header: [], rows: []), .table(header: ["a"], rows: []),
      .examples([]), .experts([]), .exits([]), .effort([]),
    ].map { .init(title: "Nothing", body: $0) }
  )
}
