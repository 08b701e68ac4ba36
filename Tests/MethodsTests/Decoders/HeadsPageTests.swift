import Models
import Support
import Tensors
import Testing

@testable import Methods

/// What the page of taught heads shows of where tokens leave.
struct HeadsPageTests {
  private let model: TinyDecoder
  private let joined: TokenHeads<Float>
  private let examiner: HeadsExaminer
  private let texts: [TokenizedText]
  private let exits: ExitVerdicts
  private var labels: [Int] { texts.map { $0.labels[0] } }

  init() throws {
    let folder = try TemporaryFolder()
    try TinyModels.writeLlama(to: "\(folder.path)/llama")
    model = try TinyDecoder(path: "\(folder.path)/llama")
    joined = model.heads(scale: 12)
    let plain = model.heads(isJoined: false, scale: 12)
    let crew = Crew<Float>(count: 1)
    examiner = HeadsExaminer(model.pass, plain: plain, joined: joined, HeadSettings(), crew)
    texts = model.texts((0 ..< 30).map { 1 + $0 % 17 }).enumerated().map { place, tokens in
      TokenizedText(tokens: tokens, types: tokens.map { _ in 0 }, labels: [place % 3])
    }
    exits = try examiner.examine(texts, "testing") { _ in }.joined
  }

  private func row(_ rule: ExitRule, _ policy: StreamPolicy) throws -> HeadsFit.Outcome.Row {
    let verdicts = try examiner.verdicts(joined, exits, texts, rule, policy) { _ in }
    let outcome = examiner.outcome(joined, verdicts, exits, texts, rule, policy)
    let cost = StreamCost(model.configuration, joined)
    return HeadsFit.Outcome.Row(
      method: "ZTW",
      outcome: outcome,
      difference: PairedDifference(outcome.isRightAtEnd, minus: outcome.isRightAtEnd),
      verdicts: verdicts,
      work: verdicts.workByExit(cost, from: rule.first, policy)
    )
  }

  private func report(_ rows: [HeadsFit.Outcome.Row]) -> HeadsReport {
    HeadsReport(
      model: "tiny",
      modelSHA256: "",
      data: "words/train.jsonl",
      labels: ["a", "b", "c"],
      exits: joined.layers,
      counts: .init(
        train: 0,
        trainTokens: 0,
        trainCut: 0,
        trainLeftOut: 0,
        choose: 0,
        test: texts.count,
        testLeftOut: 0
      ),
      settings: HeadSettings(),
      cacheBytes: 0,
      choosing: .init(joined: exits, plain: exits),
      chooseLabels: labels,
      testing: .init(joined: exits, plain: exits),
      testLabels: labels,
      testTexts: texts.indices.map { "text \($0)" },
      curve: rows.map(\.outcome),
      plainCurve: [],
      full: examiner.full(exits, texts),
      rows: rows,
      seconds: 1
    )
  }

  /// What tokens of each exit take adds up to what all take.
  @Test(arguments: StreamPolicy.allCases, [0, 0.45, 0.6])
  func workOfExitsIsTheWholeWork(policy: StreamPolicy, threshold: Double) throws {
    let row = try row(ExitRule(threshold: threshold, first: 0), policy)
    let cost = StreamCost(model.configuration, joined)
    var dense = joined.layers.map { _ in 0 }
    var token = 0
    for text in texts {
      for position in text.tokens.indices {
        let own = cost.dense(tokens: position + 1) - cost.dense(tokens: position)
        dense[row.verdicts.exits[token]] += own
        token += 1
      }
    }
    let sum = zip(row.work, dense).reduce(0) { $0 + ($1.1 > 0 ? $1.0 * Double($1.1) : 0) }
    #expect(abs(sum / Double(dense.reduce(0, +)) - row.outcome.macs) < 1e-9, "\(row.work)")
  }

  @Test func tokensAndTextsAreShownWhereTheyLeave() throws {
    let sure = try row(ExitRule(threshold: 0.45, first: 0), .defer)
    // A rule that is the same for all has nothing to show, so that the other is taken.
    let report = report([try row(ExitRule(threshold: 0, first: 1), .propagate), sure])
    guard case .exits(let uses) = report.places.body else { throw Absent() }
    #expect(uses.map(\.name) == ["layer 1", "layer 2", "the end"])
    #expect(uses.map(\.count) == sure.outcome.exits && uses.filter { $0.count > 0 }.count > 1)
    #expect(uses.reduce(0) { $0 + $1.count } == texts.reduce(0) { $0 + $1.tokens.count })
    let right = uses.reduce(0.0) { $0 + Double($1.count) * ($1.accuracy ?? 0) }
    let wanted = texts.flatMap { text in text.tokens.map { _ in text.labels[0] } }
    #expect(Int(right.rounded()) == zip(sure.verdicts.classes, wanted).count { $0 == $1 })
    let shown = report.examples.map { section -> [LearningReport.Example] in
      guard case .examples(let own) = section.body else { return [] }
      return own
    }
    #expect(shown.map(\.count) == [4, 4] && Set(shown.joined().map(\.text)).count == 8)
    func depth(_ text: String) -> Double {
      let place = texts.indices.first { text == "text \($0)" } ?? 0
      let start = texts[..<place].reduce(0) { $0 + $1.tokens.count }
      let own = sure.verdicts.exits[start ..< start + texts[place].tokens.count]
      return Double(own.reduce(0) { $0 + joined.layers[$1] }) / Double(own.count)
    }
    let (early, late) = (shown[0].map { depth($0.text) }, shown[1].map { depth($0.text) })
    let all = texts.indices.map { depth("text \($0)") }.sorted()
    #expect(
      early == Array(all.prefix(4)) && late == Array(all.suffix(4).reversed()),
      "\(early), \(late)"
    )
    #expect(shown[0][0].note.hasPrefix("layer \(HTML.number(early[0])) on average, "))
  }

  @Test func whereAllDoTheSameThereAreNoExamples() throws {
    let report = report([try row(ExitRule(threshold: 0, first: 1), .propagate)])
    #expect(report.examples.isEmpty)
    guard case .exits(let uses) = report.places.body else { throw Absent() }
    #expect(uses.map(\.count) == [0, texts.reduce(0) { $0 + $1.tokens.count }, 0])
    #expect(report.places.lead.contains("always after layer 2"))
    guard case .table(let header, let lines) = report.early.body else { throw Absent() }
    #expect(header == ["heads", "25 %", "50 %", "100 %"])
    let accuracies = report.full.accuracies.map { HTML.number(100 * $0) }
    #expect(lines.last == ["full depth"] + accuracies && lines.count == 2)
    let page = report.page.html
    #expect(page.contains("words/train.jsonl") && !page.contains("nan"))
  }

  private struct Absent: Error {}
}
