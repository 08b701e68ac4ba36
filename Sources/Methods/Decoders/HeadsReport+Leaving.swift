internal import Models

extension HeadsReport {
  /// The chosen rule whose tokens are shown: the first that asks how sure an exit is, for under the others all do the same.
  private var shown: HeadsFit.Outcome.Row? {
    rows.first { !$0.outcome.rule.isSameForAll(exits: exits.count) } ?? rows.first
  }

  private func words(_ row: HeadsFit.Outcome.Row) -> String {
    "\(row.method) under \(row.outcome.policy.rawValue), \(row.outcome.rule.words(layers: exits))"
  }

  /// What is answered before a text is over.
  var early: LearningReport.Section {
    func line(_ name: [String], _ outcome: PolicyOutcome) -> [String] {
      name + outcome.accuracies.map { HTML.number(100 * $0) }
    }
    let lines =
      rows.map { line(["\($0.method), \($0.outcome.policy.rawValue)"], $0.outcome) }
      + [line(["full depth"], full)]
    return .init(
      title: "Before the text is over",
      lead:
        "How many % are right once a part of each text was read, by the same rules on the test.",
      body: .table(header: ["heads"] + Self.shares.map { "\($0) %" }, rows: lines)
    )
  }

  /// Where the tokens of the test leave.
  var places: LearningReport.Section {
    guard let row = shown else { return .init(title: "Where tokens leave", body: .exits([])) }
    let verdicts = row.verdicts
    let wanted = zip(verdicts.lengths, testLabels).flatMap { length, label in
      repeatElement(label, count: length)
    }
    var right = exits.map { _ in 0 }
    for (token, exit) in verdicts.exits.enumerated() where verdicts.classes[token] == wanted[token]
    {
      right[exit] += 1
    }
    let uses = zip(exits, row.outcome.exits).enumerated().map { exit, own in
      let (layer, count) = own
      return ExitUse(
        name: exit == exits.count - 1 ? "the end" : "layer \(layer)",
        count: count,
        accuracy: count > 0 ? Double(right[exit]) / Double(count) : nil,
        cost: exit < row.work.count ? row.work[exit] : .nan
      )
    }
    return .init(
      title: "Where tokens leave",
      lead:
        "\(words(row)), on the test: how many tokens leave, how often what is said there of the text is right, and what a token "
        + "takes that leaves there, with what later ones make it do.",
      body: .exits(uses)
    )
  }

  /// Texts whose tokens leave early, and such whose tokens go deep; none where all do the same.
  var examples: [LearningReport.Section] {
    guard let row = shown, !row.outcome.rule.isSameForAll(exits: exits.count) else { return [] }
    let verdicts = row.verdicts
    var start = 0
    let stories = verdicts.lengths.indices.map { place in
      let own = start ..< start + verdicts.lengths[place]
      start = own.upperBound
      let layers = verdicts.exits[own].reduce(0) { $0 + exits[$1] }
      return (
        place: place, depth: Double(layers) / Double(max(1, own.count)),
        answer: verdicts.classes[own.upperBound - 1],
        confidence: Double(verdicts.confidences[own.upperBound - 1])
      )
    }
    let order = stories.sorted {
      ($0.depth, -$0.confidence, $0.place) < ($1.depth, -$1.confidence, $1.place)
    }
    // No text is both.
    let count = min(4, order.count / 2)
    return [
      ("Easy ones", "Texts whose tokens leave earliest, on average.", Array(order.prefix(count))),
      ("Hard ones", "Texts whose tokens go deepest.", Array(order.suffix(count).reversed())),
    ]
    .map { title, lead, some in
      let shown = some.map { story in
        LearningReport.Example(
          text: testTexts[story.place],
          label: labels[testLabels[story.place]],
          answer: labels[story.answer],
          note:
            "layer \(HTML.number(story.depth)) on average, \(HTML.percent(story.confidence)) sure at the end"
        )
      }
      return .init(title: title, lead: lead, body: .examples(shown))
    }
  }
}
