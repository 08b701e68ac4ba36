import Models
import Support
import Tensors
import Testing

@testable import Methods

/// The curve that a rule is chosen from.
struct HeadsExaminerTests {
  private let model: TinyDecoder
  private let crew = Crew<Float>(count: 2)

  init() throws {
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    model = try TinyDecoder(path: "\(folder.path)/llama")
  }

  /// A curve to be measured.
  private struct Scene {
    let examiner: HeadsExaminer
    let heads: TokenHeads<Float>
    let texts: [TokenizedText]
    let exits: ExitVerdicts

    var full: Double { examiner.full(exits, texts).accuracy }

    func curve(loss: Double, hears: (HeadsFit.Progress) -> Void = { _ in }) throws
      -> [PolicyOutcome]
    {
      try examiner.curve(heads, exits, texts, loss: loss, hears: hears)
    }
  }

  /// Texts whose label is mostly what full depth says, so that leaving early loses something.
  private func scene(isJoined: Bool) throws -> Scene {
    var settings = HeadSettings()
    settings.thresholds = [0, 0.45, 0.6, 0.8]
    let heads = model.heads(isJoined: isJoined, scale: 12)
    let examiner = HeadsExaminer(model.pass, plain: heads, joined: heads, settings, crew)
    func labelled(_ labels: [Int]) -> [TokenizedText] {
      zip(model.texts(labels.indices.map { 1 + $0 % 17 }), labels).map { tokens, label in
        TokenizedText(tokens: tokens, types: tokens.map { _ in 0 }, labels: [label])
      }
    }
    let none = [Int](repeating: 0, count: 60)
    let exits = try examiner.examine(labelled(none), "choosing") { _ in }.joined
    let labels = exits.full.classes(after: 1).enumerated().map { $0 % 5 == 0 ? 0 : $1 }
    return Scene(examiner: examiner, heads: heads, texts: labelled(labels), exits: exits)
  }

  /// Whatever is left out, the rule chosen is that of a curve on which every rule was run.
  @Test(arguments: [true, false], [0, 0.05, 0.2, 1])
  func whatIsLeftOutIsNotChosen(isJoined: Bool, loss: Double) throws {
    let scene = try scene(isJoined: isJoined)
    let (examiner, heads) = (scene.examiner, scene.heads)
    let curve = try scene.curve(loss: loss)
    let all = ExitRule.grid(examiner.settings.thresholds, exits: heads.exits)
    let run = try examiner.propagated(heads, scene.texts, all, "all") { _ in }
    let whole = zip(all, run).map {
      examiner.outcome(heads, $1, scene.exits, scene.texts, $0, .propagate)
    }
    let own = curve.filter { $0.policy == .propagate }
    #expect(own.allSatisfy(whole.contains), "what is run is what it is alone")
    let chosen = try #require(own.cheapest(within: loss, of: scene.full))
    #expect(chosen == whole.cheapest(within: loss, of: scene.full))
    #expect(curve.filter { $0.policy == .defer }.map(\.rule) == all)
    // "Always after this exit" is there for every exit, and costs no run.
    let always = own.filter { $0.rule.isSameForAll(exits: heads.exits) }
    #expect(always.count == heads.exits)
    if loss == 0 { #expect(own.count > always.count, "nothing was run") }
  }

  /// With all losses allowed the first exit is the cheapest there is, and nothing is run.
  @Test func nothingIsRunThatCannotBeCheaper() throws {
    var stages: Set<String> = []
    let curve = try scene(isJoined: true).curve(loss: 1) { stages.insert($0.stage) }
    #expect(stages.isEmpty)
    #expect(curve.filter { $0.policy == .propagate }.allSatisfy { $0.rule.threshold == 0 })
  }

  @Test func rulesAreSaidInWords() {
    let layers = [5, 10, 30]
    #expect(ExitRule(threshold: 0, first: 1).words(layers: layers) == "always after layer 10")
    #expect(ExitRule.fullDepth(exits: 3).words(layers: layers) == "always after layer 30")
    let words = ExitRule(threshold: 0.95, first: 0).words(layers: layers)
    #expect(words == "from layer 5 on where surer than 0.95")
  }
}
