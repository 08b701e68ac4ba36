import Models
import Support
import Tensors
import Testing

@testable import Methods

/// What `mete fit` leaves for people and for programs.
struct FitReportTests {
  private func part(_ labels: [String], _ name: String) throws -> Dataset {
    try Dataset(
      labels.enumerated().map { Example(text: "text \($0.offset)", labels: [$0.element]) },
      name: name,
      labels: LabelTable(ordered: ["dry", "wet"])
    )
  }

  private func report(isSparse: Bool = true) throws -> FitReport {
    let labels = ["dry", "wet", "wet", "wet"]
    var settings = FitSettings()
    (settings.epochs, settings.seed) = (3, .max)
    var history = FitHistory()
    (history.seconds, history.accuracies) = (4_321, [0.5, 0.625])
    let answers: [[Float]] = [[0, 3], [1, 0], [0, 1], [0, 2]]
    return FitReport(
      model: "tiny",
      set: LearningSet(
        train: try part(labels, "weather/train.jsonl"),
        choose: try part(labels, "weather/choose.jsonl"),
        test: try part(labels, "weather/test.jsonl")
      ),
      settings: settings,
      cutCount: 0,
      stepsTotal: 3,
      history: history,
      choosing: Accuracy(answers, [[1], [0], [1], [0]]),
      testing: Accuracy(answers, labels.map { [$0 == "wet" ? 1 : 0] }),
      answers: answers,
      activity: [("layer 1", 0.125), ("layer 2", 0.025)],
      isSparse: isSparse,
      tokensPerSecond: 2_000
    )
  }

  @Test func programsAreToldDataSeedAndTime() throws {
    let json = try report().json
    #expect(json["data"]?.text == "weather/train.jsonl" && json["seconds"]?.number == 4_321)
    #expect(json["seed"]?.text == "\(UInt64.max)", "it does not fit into an integer")
    #expect(json["choose_after_epochs"]?.items?.compactMap(\.number) == [0.5, 0.625])
  }

  /// Accuracies stand at their epochs, the last at the end, and texts beside how sure the model was.
  @Test func peopleSeeHowItWasLearned() throws {
    let page = try report().page
    guard case .plot(let plot) = page.sections[0].body else { throw Absent() }
    #expect(plot.curves[0].points.map(\.x) == [1, 2, 3])
    #expect(plot.curves[0].points.map(\.y) == [0.5, 0.625, 0.75])
    #expect(plot.marks[0].point.x == 3 && plot.marks[0].point.y == 0.5)
    #expect(plot.marks[0].point.margin > 0.4)
    let shown = page.sections.compactMap { section -> [LearningReport.Example]? in
      guard case .examples(let own) = section.body else { return nil }
      return own
    }
    #expect(shown.map { $0.map(\.text) } == [["text 0", "text 1"], ["text 3", "text 2"]])
    #expect(shown[0][0].answer == "wet" && shown[0][0].label == "dry")
    #expect(shown[0][0].note == "95.3 % sure")
    for words in ["tell “dry” and “wet” apart", "7.5 %", "Neurons that are on", "1 h 12 min"] {
      #expect(page.html.contains(words), "\(words)")
    }
  }

  /// A run that went on with an old state may not know its first epochs.
  @Test func whatIsNotKnownIsLeftOut() throws {
    var report = try report(isSparse: false)
    report.history.accuracies = [0.625]
    guard case .plot(let plot) = report.page.sections[0].body else { throw Absent() }
    #expect(plot.curves[0].points.map(\.x) == [2, 3])
    #expect(!report.page.html.contains("Neurons that are on"))
    #expect(FitHistory(notes: [:]) == FitHistory())
    #expect(FitHistory(notes: ["seconds": "-1", "accuracies": "0.5 much"]) == FitHistory())
    var told = FitHistory()
    (told.seconds, told.accuracies) = (12.5, [0.1, 1.0 / 3])
    let notes = Dictionary(uniqueKeysWithValues: told.notes.map { ($0.name, $0.value) })
    #expect(FitHistory(notes: notes) == told)
  }

  /// Time and accuracies of a run that was interrupted are those of all its parts.
  @Test func whatWasToldBeforeAnInterruptionIsKept() throws {
    let fixture = try FrugalFixture()
    let tiny = "\(fixture.folder)/tiny"
    var settings = FitSettings()
    settings.epochs = 3
    let source = try Checkpoint.open(path: tiny, toLearn: true)
    let most = min(settings.tokensMax, try EncoderFolder.base(source).0.sequenceMax)
    let reader = TextTokenizer(try #require(source.tokenizer), tokensMax: most)
    let network = try EncoderNetwork<Float>(
      source,
      labels: fixture.set.labels.names,
      problem: .singleLabel,
      seed: settings.seed
    )
    let trainer = EncoderTrainer(network, reader.texts(fixture.set.train).texts, settings)
    for _ in 0 ..< 4 { _ = trainer.advance() }
    var history = FitHistory()
    (history.seconds, history.accuracies) = (1_000, [0.125])
    let target = "\(fixture.folder)/again"
    try TrainingState.save(trainer.run, to: "\(target).run", telling: history.notes)
    let fit = try EncoderFit(model: tiny, fixture.set, settings)
    let report = try fit.run(to: target, replacing: false).report
    let accuracies = try #require(report["choose_after_epochs"]?.items).compactMap(\.number)
    #expect(accuracies.count == 2 && accuracies[0] == 0.125)
    let seconds = try #require(report["seconds"]?.number)
    #expect(seconds > 1_000 && seconds < 2_000)
    let page = String(decoding: Fixtures.bytes("\(target)/report.html"), as: UTF8.self)
    #expect(page.contains("How it was learned") && page.contains("16 min"), "\(page)")
  }

  private struct Absent: Error {}
}
