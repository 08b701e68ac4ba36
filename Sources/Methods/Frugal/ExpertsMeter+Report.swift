internal import Models

extension ExpertsMeter {
  /// The page of the pass.
  ///
  /// - Parameter facts: model, data and settings.
  /// - Returns: what was measured, for a reader who has never seen it.
  func report(facts: [(name: String, value: String)]) -> LearningReport {
    let test = wholes[1]
    var headlines: [LearningReport.Headline] = []
    if let final {
      let difference = PairedDifference(final.isRight, minus: test.baseline.isRight)
      headlines = [
        .init(
          value: HTML.percent(final.feedForwardShare),
          what: "of the feed-forward layers' work, routers included"
        ),
        .init(value: HTML.percent(final.share), what: "of the whole model's work"),
        .init(
          value: HTML.percent(final.accuracy),
          what: "right; the dense model \(HTML.percent(test.baseline.accuracy))"
        ),
        .init(
          value: "\(difference.mean < 0 ? "−" : "+")\(HTML.number(abs(100 * difference.mean), 2))",
          what: "points to the dense model, ± \(HTML.number(100 * difference.margin, 2)) with 95 %"
        ),
      ]
    }
    return LearningReport(
      title: "Experts of \(facts.first?.value ?? "a model")",
      lead:
        "Feed-forward layers are cut into \(experts.count) experts of \(experts.size) neurons. For every token a small router "
        + "predicts how strong each expert's answer will be, and only those near the strongest run.",
      headlines: headlines,
      sections: sections(test.baseline, test.sparse),
      facts: facts
    )
  }

  private func sections(_ baseline: Measurement, _ sparse: Measurement) -> [LearningReport.Section]
  {
    let names = [
      (Self.dynamic, "as many as the token needs (learned routers)"),
      (Self.share, "as much as adds up to a share (DSTI's rule)"),
      (Self.fixed, "as many for every token (static)"),
      (Self.oracle, "as many as it needs, by an oracle"),
    ]
    let lines = names.map { key, title in
      LinePlot.Curve(
        name: title,
        role: key == Self.dynamic ? .main : key == Self.oracle ? .reference : .baseline,
        points: curves.filter { $0.name == key }.map {
          LinePlot.Point(
            x: $0.feedForwardShare,
            y: $0.accuracy,
            margin: $0.margin,
            note:
              "\(key) \($0.level): \(HTML.percent($0.accuracy)) for \(HTML.percent($0.feedForwardShare))"
          )
        }
      )
    }
    let truth = curves.first?.isRight.count ?? 0
    func level(_ measured: Measurement) -> Double {
      let own = measured.isRight.prefix(truth)
      return Double(own.count { $0 }) / Double(max(1, own.count))
    }
    let plot = LinePlot(
      xTitle: "multiply-accumulates of feed-forward layers, % of dense",
      yTitle: "accuracy, %",
      curves: lines,
      marks: [
        .init(name: "the dense model", .init(x: 1, y: level(baseline)), isLevel: true),
        .init(name: "the sparse model, whole", .init(x: 1, y: level(sparse))),
      ]
    )
    var sections: [LearningReport.Section] = [
      .init(
        title: "What work buys",
        lead:
          "Each point is a threshold, measured on \(truth) test examples; the band is the 95 % interval of the accuracy itself.",
        body: .plot(plot)
      )
    ]
    if !tenths.isEmpty { sections += layers }
    if let effort { sections.append(effort.section) }
    return sections
  }

  private var layers: [LearningReport.Section] {
    let uses = zip(network.blocks, tenths).enumerated().map { place, own in
      let (block, counts) = own
      let use = ExpertUse(
        name: block.name,
        runs: final?.runs.isEmpty == false ? final?.runs[place] ?? 0 : 0,
        tenths: counts,
        experts: experts.count(of: place)
      )
      return (isProjection: block.projection != nil, use: use)
    }
    return LearningReport.Section.experts(
      uses,
      lead: "Which share of each layer's experts runs for a token, at the chosen threshold."
    )
  }
}

extension EffortCurve {
  /// What effort buys.
  var section: LearningReport.Section {
    .init(
      title: "Effort",
      lead:
        "What a request may ask for, from the least work to the whole model; measured on the choosing part, which nothing was trained on.",
      body: .effort(
        points.map {
          EffortRow(
            effort: effort(of: $0),
            tau: $0.tau,
            threshold: $0.threshold,
            accuracy: $0.accuracy,
            agreement: $0.agreement,
            share: $0.share
          )
        }
      )
    )
  }
}
