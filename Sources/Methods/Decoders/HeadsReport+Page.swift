public import Models
extension HeadsReport {
  /// `report.html`: what leaving early comes to, for a reader who has never seen it.
  var page: LearningReport {
    LearningReport(
      title: "Exits at every token of \(model)",
      lead:
        "A language model that stays as it is reads a text token by token, and small heads after some of its layers say at each "
        + "token what the text is. A rule has two numbers: the first exit that a token may leave at, and how sure an exit must "
        + "be (T). T 0 is: always after these layers.",
      model: model,
      source: .init(name: data, train: counts.train, choose: counts.choose, test: counts.test),
      seed: settings.seed,
      seconds: seconds,
      headlines: headlines,
      sections: [work, rules, early, places] + examples + [choices, exitsAlone],
      facts: [
        ("classes", labels.joined(separator: ", ")),
        ("exits after layers", exits.map(String.init).joined(separator: ", ")),
        ("may be lost", "\(HTML.number(100 * settings.loss, 1)) points on the texts to choose by"),
        ("times every text is seen", "\(settings.epochs)"),
        ("learning rate", "\(settings.rate)"), ("decay", "\(settings.decay)"),
      ],
      notes: [
        "Under propagate the layers that a token leaves out only get keys and values, of its row as it left. Under defer they "
          + "are made up for, exactly, when a later token goes deeper.",
        "Rules are chosen on one part and judged on another. Under propagate only those were run that could be cheaper than "
          + "always leaving at an exit that loses nothing.",
      ]
    )
  }

  private var headlines: [LearningReport.Headline] {
    guard let row = rows.first else { return [] }
    let points = 100 * row.difference.mean
    return [
      .init(
        value: HTML.percent(row.outcome.macs),
        what: "of full depth's work",
        explanation: row.outcome.rule.words(layers: exits)
      ),
      .init(
        value: HTML.percent(row.outcome.accuracy),
        what: "right; full depth \(HTML.percent(full.accuracy))"
      ),
      .init(
        value: "\(points < 0 ? "−" : "+")\(HTML.number(abs(points), 2))",
        what: "points to full depth, ± \(HTML.number(100 * row.difference.margin, 2)) with 95 %"
      ),
    ]
  }

  /// Accuracy against work on the texts to choose by: joined heads with a curve for each first exit, and plain heads.
  private var work: LearningReport.Section {
    let own = curve.filter { $0.policy == .propagate }
    let plain = plainCurve.filter { $0.policy == .propagate }
    func isSame(_ outcome: PolicyOutcome) -> Bool {
      outcome.rule.isSameForAll(exits: exits.count)
    }
    func point(_ outcome: PolicyOutcome) -> LinePlot.Point {
      .init(
        x: outcome.macs,
        y: outcome.accuracy,
        note: outcome.rule.words(layers: exits)
      )
    }
    let sure = exits.indices.map { first in
      LinePlot.Curve(
        name: "when sure, from layer \(exits[first]) on",
        points: own.filter { $0.rule.first == first }.map(point)
      )
    }
    let always = own.filter(isSame)
    let curves =
      [LinePlot.Curve(name: "always after the same layers", role: .main, points: always.map(point))]
      + sure.filter { $0.points.count > 1 }
      + [
        .init(
          name: "plain heads (SDN), always after the same layers",
          points: plain.filter(isSame).map(point)
        ),
        .init(
          name: "plain heads (SDN), when sure, the best for its work",
          points: Self.best(plain.filter { !isSame($0) }).map(point)
        ),
      ].filter { !$0.points.isEmpty }
    let depth = always.first { $0.rule == .fullDepth(exits: exits.count) }
    let plot = LinePlot(
      xTitle: "multiply-accumulates, % of full depth",
      yTitle: "right after the whole text, %",
      curves: curves,
      marks: depth.map { [.init(name: "full depth", point($0), isLevel: true)] } ?? []
    )
    return .init(
      title: "What work buys",
      lead:
        "Joined heads, and plain ones where it says so, under propagate, on the texts to choose by.",
      body: .plot(plot)
    )
  }

  /// Those that nothing cheaper is as right as, the cheapest first.
  private static func best(_ curve: [PolicyOutcome]) -> [PolicyOutcome] {
    var kept: [PolicyOutcome] = []
    for outcome in curve.sorted(by: { $0.macs < $1.macs })
    where outcome.accuracy > kept.last?.accuracy ?? -1 {
      kept.append(outcome)
    }
    return kept
  }

  private var rules: LearningReport.Section {
    let lines = rows.map { row in
      [row.method, row.outcome.policy.rawValue] + cells(row.outcome)
        + [
          "\(HTML.number(100 * row.difference.mean, 2)) ± \(HTML.number(100 * row.difference.margin, 2))"
        ]
    }
    return .init(
      title: "The rules chosen",
      lead:
        "The cheapest that loses no more than was allowed on the texts to choose by; the figures are of the test. ZTW heads hear "
        + "each other and are joined; SDN heads each stand alone.",
      body: .table(
        header: ["heads", "policy"] + Self.header + ["minus full depth, points"],
        rows: lines
      )
    )
  }

  private var choices: LearningReport.Section {
    .init(
      title: "What they were chosen from",
      lead: "Joined heads, on the texts to choose by.",
      body: .table(
        header: ["policy"] + Self.header + ["agree, %"],
        rows: curve.map {
          [$0.policy.rawValue] + cells($0) + [HTML.number(100 * $0.agreement)]
        }
      )
    )
  }

  private static let header = ["first exit", "T", "right, %", "work, %"]

  private func cells(_ outcome: PolicyOutcome) -> [String] {
    [
      "\(exits[outcome.rule.first])", HTML.number(outcome.rule.threshold, 2),
      HTML.number(100 * outcome.accuracy), HTML.number(100 * outcome.macs),
    ]
  }

  private var exitsAlone: LearningReport.Section {
    let lines = exits.indices.map { exit in
      ["\(exits[exit])"]
        + [testing.joined, testing.plain].flatMap { verdicts in
          PolicyOutcome.shares.map { share in
            let isRight = verdicts.exits[exit].isRight(testLabels, after: share)
            return HTML.number(100 * PolicyOutcome.share(isRight))
          }
        }
    }
    let header = ["ZTW", "SDN"].flatMap { name in Self.shares.map { "\(name) \($0)" } }
    return .init(
      title: "Each exit by itself",
      lead:
        "Right in % after a quarter, a half and the whole of the text, on the test, if all tokens leave there: joined heads (ZTW) "
        + "and plain ones (SDN).",
      body: .table(header: ["layer"] + header, rows: lines)
    )
  }

  static let shares = PolicyOutcome.shares.map { HTML.number(100 * $0, 0) }
}

extension ExitRule {
  /// The rule as it is said to people.
  ///
  /// - Parameter layers: of the exits.
  /// - Returns: a few words without a point.
  public func words(layers: [Int]) -> String {
    isSameForAll(exits: layers.count)
      ? "always after layer \(layers[first])"
      : "from layer \(layers[first]) on where surer than \(HTML.number(threshold, 2))"
  }
}
