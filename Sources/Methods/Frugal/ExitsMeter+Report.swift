internal import Models

extension ExitsMeter {
  /// The page of the pass.
  ///
  /// - Parameters:
  ///   - set: whose texts and labels are shown.
  ///   - facts: model, data and settings.
  /// - Returns: what was measured, for a reader who has never seen it.
  func report(_ set: LearningSet, facts: [(name: String, value: String)]) -> LearningReport {
    var headlines: [LearningReport.Headline] = []
    if let final = finals.last?.setting.measured {
      let difference = PairedDifference(final.isRight, minus: baselines[1].isRight)
      headlines = [
        .init(value: HTML.percent(final.share), what: "of the dense model's work"),
        .init(
          value: HTML.percent(final.accuracy),
          what: "right; the dense model \(HTML.percent(baselines[1].accuracy))"
        ),
        .init(
          value: "\(difference.mean < 0 ? "−" : "+")\(HTML.number(abs(100 * difference.mean), 2))",
          what: "points to the dense model, ± \(HTML.number(100 * difference.margin, 2)) with 95 %"
        ),
      ]
    }
    return LearningReport(
      title: "Exits of \(facts.first?.value ?? "a model")",
      lead:
        "After each layer a small head answers, and hears what the heads before it said. A text leaves at the first that is "
        + "sure, so that easy texts cost little.",
      headlines: headlines,
      sections: sections(set),
      facts: facts
    )
  }

  private func sections(_ set: LearningSet) -> [LearningReport.Section] {
    var lines: [LinePlot.Curve] = []
    if experts != nil {
      lines.append(curve("experts and exits", together, isMain: true))
    }
    let names: [(ExitMethod, String)] = [
      (.zeroTimeWaste, "exits, Zero Time Waste"), (.shallowDeep, "plain heads (SDN)"),
      (.patience, "patience (PABEE)"),
    ]
    for (method, title) in names {
      guard let own = curves.first(where: { $0.method == method }) else { continue }
      let isMain = experts == nil && method == .zeroTimeWaste
      lines.append(curve(title, Self.thinned(own.points, apart: 0.03), isMain: isMain))
    }
    let plot = LinePlot(
      xTitle: "multiply-accumulates, % of dense",
      yTitle: "accuracy, %",
      curves: lines,
      marks: [
        .init(name: "the dense model", .init(x: 1, y: baselines[1].accuracy), isLevel: true)
      ]
    )
    var sections: [LearningReport.Section] = [
      .init(
        title: "What work buys",
        lead:
          "Each point is a threshold, measured on \(labels.test.count) test examples; the band is the 95 % interval of the accuracy itself.",
        body: .plot(plot)
      )
    ]
    if let final = finals.last { sections.append(places(final.setting)) }
    sections += LearningReport.Section.experts(
      uses,
      lead:
        "At the chosen setting: which share of a layer's experts runs for a token, over the texts that come to the layer."
    )
    if let effort { sections.append(effort.section) }
    sections += examples(set)
    return sections
  }

  private func curve(_ name: String, _ points: [Setting], isMain: Bool) -> LinePlot.Curve {
    LinePlot.Curve(
      name: name,
      role: isMain ? .main : .baseline,
      points: points.map {
        LinePlot.Point(
          x: $0.measured.share,
          y: $0.measured.accuracy,
          margin: $0.measured.margin,
          note:
            "T \(HTML.number($0.measured.level, 3))\($0.tau.map { ", τ \($0)" } ?? ""): \(HTML.percent($0.measured.accuracy)) for \(HTML.percent($0.measured.share))"
        )
      }
    )
  }

  private func name(ofExit exit: Int) -> String {
    let layers = exits.served.layers
    return exit < layers.count ? "layer \(layers[exit])" : "the end"
  }

  private func places(_ setting: Setting) -> LearningReport.Section {
    let uses = setting.counts.indices.map { exit in
      let own = stories.filter { $0.exit == exit }
      let right = own.count { labels.test[$0.place] == $0.answer }
      let sum = own.reduce(0) { $0 + $1.cost }
      return ExitUse(
        name: name(ofExit: exit),
        count: own.count,
        accuracy: own.isEmpty ? nil : Double(right) / Double(own.count),
        cost: own.isEmpty ? .nan : sum / Double(own.count)
      )
    }
    return .init(
      title: "Where texts leave",
      lead:
        "At the chosen setting: how many leave, how often the answer given there is right, and what a text takes that leaves there.",
      body: .exits(uses)
    )
  }

  private func examples(_ set: LearningSet) -> [LearningReport.Section] {
    let depth = exits.served.layers.count
    let early = stories.filter { $0.exit == 0 }.sorted { $0.confidence > $1.confidence }
    let late = stories.filter { $0.exit == depth }.sorted { $0.confidence < $1.confidence }
    return [
      ("Easy ones", "Surest of those that left first.", early),
      ("Hard ones", "Least sure of those that went to the end.", late),
    ]
    .filter { !$0.2.isEmpty }
    .map { title, lead, some in
      let shown = some.prefix(4).map { story in
        let item = set.test.items[story.place]
        return LearningReport.Example(
          text: item.text,
          label: set.labels.names[labels.test[story.place]],
          answer: set.labels.names[story.answer],
          note: "\(name(ofExit: story.exit)), \(HTML.percent(story.confidence)) sure"
        )
      }
      return .init(title: title, lead: lead, body: .examples(shown))
    }
  }
}
