import Models
import Support
import Tensors
import Testing

@testable import Methods

/// The curve that a rule is chosen from.
struct HeadsExaminerTests {
  private let model: TinyDecoder
  private let texts: [TokenizedText]
  private let crew = Crew<Float>(count: 2)

  init() throws {
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    let model = try TinyDecoder(path: "\(folder.path)/llama")
    self.model = model
    var random = SplitMix64(seed: 2)
    texts = model.texts((0 ..< 60).map { 1 + $0 % 17 }).map {
      let label = Int32(random.next() % 3)
      return TokenizedText(tokens: $0, types: $0.map { _ in 0 }, labels: [Int(label)])
    }
  }

  private func examiner(isJoined: Bool) -> (examiner: HeadsExaminer, heads: TokenHeads<Float>) {
    var settings = HeadSettings()
    settings.thresholds = [0, 0.45, 0.6, 0.8]
    let heads = model.heads(isJoined: isJoined, scale: 12)
    return (HeadsExaminer(model.pass, plain: heads, joined: heads, settings, crew), heads)
  }

  /// Whatever is left out, the rule chosen is that of a curve on which every rule was run.
  @Test(arguments: [true, false], [0, 0.05, 0.2, 1])
  func whatIsLeftOutIsNotChosen(isJoined: Bool, loss: Double) throws {
    let (examiner, heads) = examiner(isJoined: isJoined)
    let exits = examiner.examine(texts, "choosing") { _ in }.joined
    let curve = examiner.curve(heads, exits, texts, loss: loss) { _ in }
    let all = ExitRule.grid(examiner.settings.thresholds, exits: heads.exits)
    let run = examiner.propagated(heads, texts, all, "all") { _ in }
    let whole = zip(all, run).map {
      examiner.outcome(heads, $1, exits, texts, $0, .propagate)
    }
    let own = curve.filter { $0.policy == .propagate }
    #expect(own.allSatisfy(whole.contains), "what is run is what it is alone")
    let full = examiner.full(exits, texts).accuracy
    let chosen = try #require(own.cheapest(within: loss, of: full))
    #expect(chosen == whole.cheapest(within: loss, of: full))
    #expect(curve.filter { $0.policy == .defer }.map(\.rule) == all)
    // "Always after this exit" is there for every exit, and costs no run.
    #expect(own.count { $0.rule.isSameForAll(exits: heads.exits) } == heads.exits)
  }

  /// With all losses allowed the first exit is the cheapest there is, and nothing is run.
  @Test func nothingIsRunThatCannotBeCheaper() {
    let (examiner, heads) = examiner(isJoined: true)
    var stages: Set<String> = []
    let exits = examiner.examine(texts, "choosing") { _ in }.joined
    let curve = examiner.curve(heads, exits, texts, loss: 1) { stages.insert($0.stage) }
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
