import Foundation
import Models
import Tensors
import Testing

@testable import Methods

/// From a fitted model to directories with experts and exits.
struct FrugalPassTests {
  private let fixture: FrugalFixture

  init() throws { fixture = try FrugalFixture() }

  private func experts(to place: String) throws -> JSON {
    var settings = RouterSettings()
    (settings.expertSize, settings.epochs) = (8, 3)
    return try ExpertsPass(
      model: fixture.fitted,
      fixture.set,
      baseline: nil,
      settings,
      fixture.plan
    )
    .run(to: place, replacing: false)
  }

  @Test func whatWasWrittenOpensAndAnswersTheSame() throws {
    let place = "\(fixture.folder)/experts"
    let result = try experts(to: place)
    let test = try #require(result["whole"]?["test"])
    #expect(test["sparse"]?["accuracy"]?.number == test["baseline"]?["accuracy"]?.number)
    for own in result["test"]?.items ?? [] {
      let share = try #require(own["ffn_share"]?.number)
      #expect(share > 0 && share <= 2)
    }
    let opened = try Checkpoint.open(path: place)
    let encoder = try FrugalEncoder(opened, labels: fixture.set.labels)
    let layers = try #require(encoder.experts)
    #expect(layers.size == 8)
    let original = try FrugalEncoder(
      try Checkpoint.open(path: fixture.fitted),
      labels: fixture.set.labels
    )
    #expect(original.experts == nil)
    let texts = try fixture.texts().test
    let crew = Crew<Float>(count: 1)
    for (one, other) in zip(
      encoder.network.logits(of: texts, crew),
      original.network.logits(of: texts, crew)
    ) {
      for (a, b) in zip(one, other) { #expect(abs(a - b) < 1e-5) }
    }
    let exits = "\(fixture.folder)/exits"
    var settings = ExitSettings()
    settings.epochs = 3
    let both = try ExitsPass(
      model: place,
      fixture.set,
      baseline: fixture.fitted,
      settings,
      fixture.plan
    )
    .run(to: exits, replacing: false)
    #expect(both["with_experts"]?.bool == true)
    for folder in [place, exits] {
      let page = try String(contentsOfFile: "\(folder)/report.html", encoding: .utf8)
      #expect(page.contains("What work buys") && page.contains("</html>") && !page.contains("nan"))
    }
    let again = try FrugalEncoder(try Checkpoint.open(path: exits), labels: fixture.set.labels)
    #expect(again.exits?.layers == [1, 2] && again.exits?.ensembles.count == 2)
    #expect(again.experts?.size == 8)
    for row in try #require(both["tables"]?["ztw"]?.items) where row["best"] != JSON.null {
      #expect(row["minus_ztw"]?["points"]?.number == 0)
    }
    let plain = try #require(both["tables"]?["sdn"]?.items)
    #expect(plain.compactMap { $0["budget"]?.number } == [0.25, 0.5, 0.75, 1])
    for row in plain {
      if let level = row["at_budget"]?.number { #expect((0 ... 1).contains(level)) }
    }
    let effort = try #require(both["effort"]?.items)
    let (shares, agreements) = (
      effort.compactMap { $0["macs_share"]?.number }, effort.compactMap { $0["agreement"]?.number }
    )
    #expect(shares == shares.sorted() && agreements == agreements.sorted())
    #expect(effort.last?["effort"]?.number == 1 && effort.last?["tau"] == JSON.null)
    #expect(
      try Set(FileManager.default.contentsOfDirectory(atPath: fixture.folder))
        == ["data", "tiny", "fitted", "experts", "exits"]
    )
  }

  /// The page of exits on experts tells which experts ran: over the texts that came to a layer, so fewer with every exit.
  @Test func expertsAreShownWhereTextsCameTo() throws {
    let (place, exits) = ("\(fixture.folder)/experts", "\(fixture.folder)/exits")
    _ = try experts(to: place)
    var settings = ExitSettings()
    settings.epochs = 2
    var plan = fixture.plan
    // Whatever is cheapest is good enough, and has experts.
    (plan.exitTaus, plan.pointsMax) = ([0.1], 100)
    let pass = try ExitsPass(model: place, fixture.set, baseline: nil, settings, plan)
    let result = try pass.run(to: exits, replacing: false)
    let left = try #require(result["finals"]?["together"]?["left_at"]?.items).compactMap(\.integer)
    #expect(left[0] > 0, "\(left)")
    let path = "\(exits)/report.json"
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let report = try JSON(parsing: bytes, path: path)
    let section = report["sections"]?.items?.first { $0["title"]?.text == "Where experts run" }
    let layers = try #require(section?["experts"]?.items)
    let tokens = layers.map { $0["tokens"]?.items?.compactMap(\.integer).reduce(0, +) ?? 0 }
    let texts = try fixture.texts().test
    let all = texts.reduce(0) { $0 + $1.tokens.count }
    #expect(tokens.count == 3 && tokens[0] == all && tokens == tokens.sorted(by: >), "\(tokens)")
    #expect(tokens[1] < all && (tokens[2] == 0) == (left[2] == 0), "\(tokens), \(left)")
    for (own, count) in zip(layers, tokens) where count > 0 {
      let mean = try #require(own["mean"]?.number)
      let bins = try #require(own["tokens"]?.items).compactMap(\.number)
      let least = zip(0 ..< 10, bins).reduce(0) { $0 + Double($1.0) / 10 * $1.1 } / Double(count)
      #expect(mean >= least - 1e-9 && mean <= least + 0.1 + 1e-9, "\(mean), \(bins)")
    }
  }

  /// Settings are measured on both parts; that they may have equally many texts must not mix their labels up.
  @Test func partsOfOneSizeKeepTheirLabels() throws {
    var set = fixture.set
    let count = min(set.choose.items.count, set.test.items.count)
    set.choose.items = Array(set.choose.items.prefix(count))
    set.test.items = Array(set.test.items.prefix(count).reversed())
    var settings = ExitSettings()
    (settings.epochs, settings.ensembleEpochs) = (1, 1)
    let result = try ExitsPass(
      model: fixture.fitted,
      set,
      baseline: fixture.fitted,
      settings,
      fixture.plan
    ).run(to: "\(fixture.folder)/equal", replacing: false)
    let whole = try #require(result["whole"]?["test"]?["model"]?["accuracy"]?.number)
    let curve = try #require(result["curves"]?["sdn"]?.items)
    // Where nothing leaves early, answers are the model's, and so is how often they are right.
    let last = try #require(
      curve.first { $0["left_at"]?.items?.dropLast().allSatisfy { $0.number == 0 } == true }
    )
    #expect(last["accuracy"]?.number == whole)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let place = "\(fixture.folder)/experts"
    _ = try experts(to: place)
    #expect(throws: FormatError.self, "it is there") { try experts(to: place) }
    var settings = RouterSettings()
    settings.expertSize = 7
    let error = #expect(throws: FormatError.self) {
      try ExpertsPass(model: fixture.fitted, fixture.set, baseline: nil, settings, fixture.plan)
    }
    #expect(error?.description.contains("experts of 7") == true)
    var exits = ExitSettings()
    exits.layers = [2, 9]
    #expect(throws: FormatError.self) {
      try ExitsPass(model: fixture.fitted, fixture.set, baseline: nil, exits, fixture.plan)
    }
    #expect(throws: FormatError.self, "not fitted to these labels") {
      try ExitsPass(
        model: "\(fixture.folder)/tiny",
        fixture.set,
        baseline: nil,
        .init(),
        fixture.plan
      )
    }
    let description = "\(place)/frugal.json"
    let text = try String(contentsOfFile: description, encoding: .utf8)
    for (old, new) in [
      ("\"size\":8", "\"size\":5"), ("\"size\":8", "\"size\":0"), ("\"size\":8", "\"size\":16"),
      ("{", "["),
    ] {
      let bad = text.replacingOccurrences(of: ": ", with: ":").replacingOccurrences(
        of: old,
        with: new
      )
      try bad.write(toFile: description, atomically: true, encoding: .utf8)
      #expect(throws: FormatError.self, "\(new)") {
        try FrugalEncoder(try Checkpoint.open(path: place), labels: fixture.set.labels)
      }
    }
  }

  @Test func effortBuysTheBestThatItPaysFor() {
    typealias Point = EffortCurve.Point
    let whole = Point(accuracy: 0.9, agreement: 1, share: 1)
    let curve = EffortCurve(
      candidates: [
        Point(tau: 0.1, accuracy: 0.8, agreement: 0.8, share: 0.2),
        Point(tau: 0.2, accuracy: 0.9, agreement: 0.7, share: 0.3),
        Point(tau: 0.05, accuracy: 0.85, agreement: 0.9, share: 0.6),
        Point(tau: 0, accuracy: 0.9, agreement: 1, share: 1.1),
      ],
      whole: whole
    )
    #expect(curve.points.map(\.share) == [0.2, 0.6, 1])
    #expect(curve.point(at: 0).tau == 0.1)
    #expect(curve.point(at: 0.49).tau == 0.1)
    #expect(curve.point(at: 0.5).tau == 0.05)
    #expect(curve.point(at: 1) == whole)
    #expect(EffortCurve(candidates: [], whole: whole).point(at: 0) == whole)
  }

  @Test func differencesArePaired() {
    let (a, b) = ([true, true, false, true], [true, false, false, false])
    let difference = PairedDifference(a, minus: b)
    #expect(difference.mean == 0.5)
    // Differences 0, 1, 0, 1: a variance of 1/3 over 4.
    #expect(abs(difference.margin - 1.96 * (1.0 / 12).squareRoot()) < 1e-12)
    #expect(PairedDifference(a, minus: a).margin == 0)
  }
}
