internal import Models

extension FitReport {
  /// `report.html`: what a model learned, for a reader who has never seen it.
  var page: LearningReport {
    let labels = Self.named(set.labels.names)
    return LearningReport(
      title: "A classifier on \(model)",
      lead:
        "An encoder read labelled texts, \(times), and learned to tell \(labels) apart. "
        + "Texts to choose by were never learned from; those to test were looked at once, at the end.",
      model: model,
      source: .init(
        name: set.train.name,
        train: set.train.items.count,
        choose: set.choose.items.count,
        test: set.test.items.count
      ),
      seed: settings.seed,
      seconds: history.seconds,
      headlines: headlines,
      sections: [course] + neurons + byLabel + examples,
      facts: facts
    )
  }

  private var times: String {
    switch settings.epochs {
    case 1: "each once"
    case 2: "each twice"
    default: "each \(settings.epochs) times"
    }
  }

  /// Labels that a sentence has room for.
  private static let namedMax = 8

  private static func named(_ labels: [String]) -> String {
    guard labels.count <= namedMax, let last = labels.last else { return "\(labels.count) labels" }
    let first = labels.dropLast().map { "“\($0)”" }.joined(separator: ", ")
    return first.isEmpty ? "“\(last)”" : "\(first) and “\(last)”"
  }

  private var headlines: [LearningReport.Headline] {
    func right(_ accuracy: Accuracy, _ what: String) -> LearningReport.Headline {
      .init(
        value: HTML.percent(accuracy.share),
        what: what,
        explanation:
          "± \(HTML.number(100 * accuracy.margin)) with 95 %, of \(HTML.count(accuracy.count))"
      )
    }
    var all = [
      right(testing, "right on texts to test"), right(choosing, "right on texts to choose by"),
    ]
    if isSparse {
      let mean = activity.reduce(0) { $0 + $1.share } / Double(max(1, activity.count))
      all.append(.init(value: HTML.percent(mean), what: "of the neurons on, mean of all layers"))
    }
    return all
  }

  /// Accuracy by epoch.
  ///
  /// A run that went on with an older program's state does not know its first epochs; those known are the last.
  private var course: LearningReport.Section {
    let all = history.accuracies + [choosing.share]
    let points = all.enumerated().map { place, share in
      LinePlot.Point(
        x: Double(settings.epochs - all.count + place + 1),
        y: share,
        margin: Accuracy.margin(share: share, count: choosing.count)
      )
    }
    let end = LinePlot.Point(
      x: Double(settings.epochs),
      y: testing.share,
      margin: testing.margin
    )
    let plot = LinePlot(
      xTitle: "times that every text was seen",
      yTitle: "right, %",
      curves: [.init(name: "texts to choose by", role: .main, points: points)],
      marks: [.init(name: "texts to test, at the end", end, isLevel: true)],
      xUnit: .whole
    )
    return .init(title: "How it was learned", body: .plot(plot))
  }

  private var neurons: [LearningReport.Section] {
    guard isSparse else { return [] }
    return [
      .init(
        title: "Neurons that are on",
        lead:
          "The share of each layer's neurons that are not 0 for a token, on texts to choose by. What is off need not be computed.",
        body: .bars(BarPlot(bars: activity.map { .init(name: $0.name, share: $0.share) }))
      )
    ]
  }

  /// Labels that a table has room for.
  private static let rowsMax = 30

  private var byLabel: [LearningReport.Section] {
    guard !set.test.isMultiple, set.labels.count <= Self.rowsMax else { return [] }
    var counts = [(all: Int, right: Int)](repeating: (0, 0), count: set.labels.count)
    for (item, isRight) in zip(set.test.items, testing.isRight) {
      counts[item.labels[0]].all += 1
      counts[item.labels[0]].right += isRight ? 1 : 0
    }
    let rows = zip(set.labels.names, counts).map { name, own in
      let share = own.all > 0 ? Double(own.right) / Double(own.all) : .nan
      return [name, HTML.count(own.all), HTML.number(100 * share)]
    }
    return [
      .init(
        title: "Label by label",
        lead: "On texts to test.",
        body: .table(header: ["label", "texts", "right, %"], rows: rows)
      )
    ]
  }

  private var examples: [LearningReport.Section] {
    guard !set.test.isMultiple else { return [] }
    let sure = answers.enumerated().map { place, logits in
      let best = logits.largestPlace
      return (
        place: place, answer: best, confidence: softmax(logits.map(Double.init)[...])[best]
      )
    }
    .sorted { ($1.confidence, $0.place) < ($0.confidence, $1.place) }
    return [
      ("Sure and wrong", "Where the data may be wrong, or the model.", false),
      ("Sure and right", "The surest of those answered rightly.", true),
    ]
    .map { title, lead, isRight in
      let some = sure.lazy.filter { testing.isRight[$0.place] == isRight }.prefix(4)
      return (title, lead, Array(some))
    }
    .filter { !$0.2.isEmpty }
    .map { title, lead, some in
      let shown = some.map { own in
        let item = set.test.items[own.place]
        return LearningReport.Example(
          text: item.text,
          label: set.labels.names[item.labels[0]],
          answer: set.labels.names[own.answer],
          note: "\(HTML.percent(own.confidence)) sure"
        )
      }
      return .init(title: title, lead: lead, body: .examples(shown))
    }
  }

  private var facts: [(name: String, value: String)] {
    var all = [("labels", set.labels.names.joined(separator: ", "))]
    if let teacher {
      all.append(("teacher", "\(teacher), \(settings.distillation.fingerprint)"))
    }
    if let penalty = settings.sparsity {
      all.append(
        (
          "penalty on neurons",
          "\(penalty.measure.rawValue), \(penalty.weight), rising over \(HTML.percent(penalty.ramp, 0))"
        )
      )
    }
    all += [
      ("neurons", isSparse ? "max(x, 0)" : "as the model has them"),
      ("embeddings", settings.freezesEmbeddings ? "as they were" : "learned"),
      ("epochs", "\(settings.epochs), \(HTML.count(stepsTotal)) steps"),
      ("examples of a step", "\(settings.batch)"),
      ("learning rate", "\(settings.rate), rising over \(HTML.percent(settings.warmup, 0))"),
      ("decay", "\(settings.decay)"), ("dropout", "\(settings.dropout)"),
      ("gradients are cut to", "\(settings.normMax)"),
      (
        "texts are cut to",
        "\(settings.tokensMax) tokens (\(HTML.count(cutCount)) of those to learn from)"
      ),
      (
        "speed",
        tokensPerSecond.map { "\(HTML.short($0)) tokens a second, " } ?? ""
          + "threads: \(settings.threads)"
      ),
    ]
    return all
  }
}
