internal import Models
import Tensors

/// Measures what picking experts costs and keeps in a language model: learned routers, a static choice, and an oracle.
struct DecoderExpertsMeter {
  /// What one setting came to.
  struct Point: Sendable {
    var name: String
    var level: Double
    /// Feed-forward layers and routers, as a share of the whole layers'.
    var feedForwardShare: Double
    /// All multiply-accumulates, the head included, as a share of the whole model's.
    var share: Double
    var perplexity: Double
    /// Share of tokens at which the likeliest is the whole model's.
    var agreement: Double
    /// Half the width of its 95 % interval.
    var margin: Double
  }

  let whole: Double
  let points: [Point]
  let tokens: Int

  /// Measures everything that an earlier run did not.
  ///
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read.
  init(
    _ pass: DecoderPass,
    _ head: VocabularyHead,
    _ experts: ExpertLayers,
    _ texts: [[Int32]],
    _ limits: DecoderExpertsPass.Limits,
    _ crew: Crew<Float>,
    _ stages: RunStages
  ) throws(FormatError) {
    let dense = try NextTokens(texts, pass, head, nil, crew, stages, "whole")
    whole = dense.perplexity
    tokens = dense.likeliest.count
    let count = Double(experts.count)
    var settings = limits.taus.map { ("max", $0, Routing(experts, .max($0))) }
    settings += limits.contributions.map { ("share", $0, Routing(experts, .share($0))) }
    settings += limits.shares.map {
      ("top", $0, Routing(experts, .top(max(1, Int(($0 * count).rounded())))))
    }
    settings += limits.taus.map { ("oracle", $0, Routing(experts, .max($0), judge: .oracle)) }
    settings += limits.contributions.map {
      ("oracle_share", $0, Routing(experts, .share($0), judge: .oracle))
    }
    let cost = Cost(pass.configuration)
    let rows = texts.reduce(0) { $0 + $1.count }
    let all = texts.reduce(0) { $0 + cost.causalRows(start: 0, count: $1.count) } + rows * cost.head
    let layers = rows * cost.layers
    let router = experts.routers[0].shape.cost
    points = try settings.enumerated().map { (place, own) throws(FormatError) in
      let (name, level, routing) = own
      let kept = "setting-\(place)"
      let reading = try NextTokens(texts, pass, head, routing, crew, stages, kept)
      let spent = reading.pairs * (cost.experts / experts.count) + layers * router
      let agreement = reading.agreement(with: dense)
      stages.hears(
        FrugalProgress(what: "measuring", step: place + 1, stepsTotal: settings.count)
      )
      return Point(
        name: name,
        level: level,
        feedForwardShare: Double(spent) / Double(layers * cost.experts),
        share: Double(all - layers * cost.experts + spent) / Double(all),
        perplexity: reading.perplexity,
        agreement: agreement,
        margin: 1.96
          * (agreement * (1 - agreement) / Double(max(1, dense.likeliest.count)))
          .squareRoot()
      )
    }
  }

  /// What results hold.
  var members: [JSON.Member] {
    [
      .init("test_tokens", .integer(tokens)), .init("perplexity", .number(whole)),
      .init(
        "test",
        .array(
          points.map {
            .object([
              .init("name", .string(Array($0.name.utf8))), .init("level", .number($0.level)),
              .init("ffn_share", .number($0.feedForwardShare)),
              .init("macs_share", .number($0.share)), .init("perplexity", .number($0.perplexity)),
              .init("agreement", .number($0.agreement)), .init("margin_95", .number($0.margin)),
            ])
          }
        )
      ),
    ]
  }

  /// The page of the pass.
  func report(facts: [(name: String, value: String)]) -> LearningReport {
    let names = [
      ("max", "those near the strongest (learned routers)"),
      ("share", "as many as make up a share of the output (learned routers)"),
      ("top", "as many for every token (static)"), ("oracle", "near the strongest, by an oracle"),
      ("oracle_share", "as many as make up a share, by an oracle"),
    ]
    let roles: [String: LinePlot.Role] = ["max": .main, "share": .baseline, "top": .baseline]
    let lines = names.map { key, title in
      LinePlot.Curve(
        name: title,
        role: roles[key] ?? .reference,
        points: points.filter { $0.name == key }.map {
          LinePlot.Point(
            x: $0.feedForwardShare,
            y: $0.agreement,
            margin: $0.margin,
            note: "\(key) \($0.level): perplexity \(HTML.number($0.perplexity, 2))"
          )
        }
      )
    }
    let rows = points.map {
      [
        $0.name, HTML.number($0.level, 2), HTML.percent($0.feedForwardShare),
        HTML.percent($0.share), HTML.percent($0.agreement), HTML.number($0.perplexity, 2),
      ]
    }
    return LearningReport(
      title: "Experts of \(facts.first?.value ?? "a language model"), without training it",
      lead:
        "Small routers predict how strong each group of neurons will be for a token, and only those near the strongest run. "
        + "The model's weights stay as they are, and nothing was done to make its neurons sparse.",
      headlines: [
        .init(
          value: HTML.number(whole, 2),
          what: "perplexity of the whole model on \(tokens) tokens"
        )
      ],
      sections: [
        .init(
          title: "How often the likeliest token stays",
          lead: "Each point is a threshold; the band is its 95 % interval.",
          body: .plot(
            LinePlot(
              xTitle: "multiply-accumulates of feed-forward layers, % of dense",
              yTitle: "same likeliest token, %",
              curves: lines
            )
          )
        ),
        .init(
          title: "All settings",
          lead: "",
          body: .table(
            header: ["who picks", "level", "feed-forward", "all work", "same token", "perplexity"],
            rows: rows
          )
        ),
      ],
      facts: facts
    )
  }
}
