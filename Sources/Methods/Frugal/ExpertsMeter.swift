internal import Foundation
internal import Models
import Tensors

/// Measures what picking experts costs and saves: the learned routers, a static choice, and an oracle.
struct ExpertsMeter {
  let network: EncoderNetwork<Float>
  let experts: ExpertLayers
  let baseline: EncoderNetwork<Float>
  let texts: FrugalTexts
  let labels: (choose: [[Int]], test: [[Int]])
  let plan: FrugalPlan
  let crew: Crew<Float>
  /// Where what was read is kept, and who is told how far it is.
  let stages: RunStages

  /// The baseline and the sparse model whole, on both parts.
  private(set) var wholes: [(part: String, baseline: Measurement, sparse: Measurement)] = []
  /// All settings on the choosing part.
  private(set) var chosen: [Measurement] = []
  /// All settings on the first examples of the test part.
  private(set) var curves: [Measurement] = []
  /// Dynamic and static choices of about the same cost, on those.
  private(set) var duels: [(dynamic: Measurement, fixed: Measurement)] = []
  /// The cheapest setting that was good enough on the choosing part, on all of the test part; nil if none was.
  private(set) var final: Measurement?
  /// Its tenths of experts run, block by block.
  private(set) var tenths: [[Int]] = []
  /// Made on the choosing part.
  private(set) var effort: EffortCurve?

  static let dynamic = "max"
  static let share = "share"
  static let fixed = "top"
  static let oracle = "oracle"

  init(
    network: EncoderNetwork<Float>,
    experts: ExpertLayers,
    baseline: EncoderNetwork<Float>,
    texts: FrugalTexts,
    labels: (choose: [[Int]], test: [[Int]]),
    plan: FrugalPlan,
    crew: Crew<Float>,
    stages: RunStages
  ) {
    (self.network, self.experts, self.baseline) = (network, experts, baseline)
    (self.texts, self.labels, self.plan) = (texts, labels, plan)
    (self.crew, self.stages) = (crew, stages)
  }

  private var cost: EncoderCost { EncoderCost(network, experts) }
  private var plain: EncoderCost { EncoderCost(network) }

  /// Settings of every curve.
  private var settings: [(name: String, level: Double, routing: Routing)] {
    plan.taus.map { (Self.dynamic, $0, Routing(experts, .max($0))) }
      + plan.shareTaus.map { (Self.share, $0, Routing(experts, .share($0))) }
      + plan.shares.map {
        (Self.fixed, $0, Routing(experts, .part($0)))
      }
      + stride(from: 0, to: plan.taus.count, by: 2).map { plan.taus[$0] }.map {
        (Self.oracle, $0, Routing(experts, .max($0), judge: .oracle))
      }
  }

  /// Measures everything.
  ///
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read.
  mutating func measure() throws(FormatError) {
    let total = 3 + 2 * settings.count + plan.shares.count
    var done = 0
    func tick() {
      done += 1
      stages.hears(
        FrugalProgress(what: "measuring", step: min(done, total), stepsTotal: total)
      )
    }
    for (part, own, truth) in [
      ("choose", texts.choose, labels.choose), ("test", texts.test, labels.test),
    ] {
      let dense = try EncoderReading(own, baseline, nil, crew, stages, "baseline-\(part)")
      let sparse = try read("whole-\(part)", own, nil)
      wholes.append(
        (
          part, Measurement("baseline", level: 0, dense, truth, EncoderCost(baseline)),
          Measurement("whole", level: 0, sparse, truth, plain)
        )
      )
      tick()
    }
    for (place, (name, level, routing)) in settings.enumerated() {
      let reading = try read("choose-\(place)", texts.choose, routing)
      chosen.append(Measurement(name, level: level, reading, labels.choose, cost))
      tick()
    }
    let few = Array(texts.test.prefix(plan.curveExamples))
    let truth = Array(labels.test.prefix(plan.curveExamples))
    for (place, (name, level, routing)) in settings.enumerated() {
      let reading = try read("test-\(place)", few, routing)
      curves.append(Measurement(name, level: level, reading, truth, cost))
      tick()
    }
    for (place, fixed) in curves.enumerated() where fixed.name == Self.fixed {
      guard let tau = tau(costing: fixed.feedForwardShare) else { continue }
      let reading = try read("duel-\(place)", few, Routing(experts, .max(tau)))
      duels.append((Measurement(Self.dynamic, level: tau, reading, truth, cost), fixed))
      tick()
    }
    try judge()
  }

  private func read(
    _ name: String,
    _ texts: [TokenizedText],
    _ routing: Routing?
  ) throws(FormatError) -> EncoderReading {
    try EncoderReading(texts, network, routing, crew, stages, name)
  }

  private mutating func judge() throws(FormatError) {
    let whole = wholes[0]
    let least = whole.baseline.accuracy - plan.pointsMax / 100
    let good = chosen.filter { $0.name == Self.dynamic && $0.accuracy >= least }
    if let best = good.min(by: { $0.share < $1.share }) {
      let reading = try read("final", texts.test, Routing(experts, .max(best.level)))
      final = Measurement(Self.dynamic, level: best.level, reading, labels.test, cost)
      tenths = reading.tenths
    }
    let answers = whole.sparse.answers
    let points = chosen.filter { $0.name == Self.dynamic }.map {
      EffortCurve.Point(
        tau: $0.level,
        accuracy: $0.accuracy,
        agreement: $0.agreement(with: answers),
        share: $0.share
      )
    }
    effort = EffortCurve(
      candidates: points,
      whole: .init(accuracy: whole.sparse.accuracy, agreement: 1, share: 1)
    )
  }

  /// The τ whose feed-forward layers cost about so much, between two that were tried: costs fall with log τ along a line.
  private func tau(costing share: Double) -> Double? {
    let tried = curves.filter { $0.name == Self.dynamic }
    for (dear, cheap) in zip(tried, tried.dropFirst())
    where dear.feedForwardShare >= share && cheap.feedForwardShare <= share {
      let width = dear.feedForwardShare - cheap.feedForwardShare
      let place = width > 0 ? (dear.feedForwardShare - share) / width : 0
      return dear.level * pow(cheap.level / dear.level, place)
    }
    return nil
  }

  /// What results hold.
  var members: [JSON.Member] {
    let test = wholes[1]
    return [
      .init(
        "whole",
        .object(
          wholes.map { part in
            .init(
              part.part,
              .object([
                .init("baseline", part.baseline.json(against: nil)),
                .init("sparse", part.sparse.json(against: part.baseline)),
              ])
            )
          }
        )
      ),
      .init("final", final?.json(against: test.baseline) ?? .null),
      .init("tenths", .array(tenths.map { .array($0.map { .integer($0) }) })),
      .init("choose", .array(chosen.map { $0.json(against: wholes[0].baseline) })),
      .init("test", .array(curves.map { $0.json(against: test.baseline) })),
      .init(
        "duels",
        .array(
          duels.map { duel in
            .object([
              .init("dynamic", duel.dynamic.json(against: duel.fixed)),
              .init("static", duel.fixed.json(against: nil)),
            ])
          }
        )
      ),
      .init("effort", effort?.json ?? .null),
    ]
  }
}
