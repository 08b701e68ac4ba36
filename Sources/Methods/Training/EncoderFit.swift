import Foundation
public import Models
import Tensors

/// Fine-tunes a classifier on an encoder: from a model and labelled text to a directory with the taught model.
///
/// An interrupted run goes on where it was last saved, and ends with the same bits.
public struct EncoderFit {
  /// What a watcher hears.
  public struct Progress: Sendable {
    /// Steps that were made.
    public var step: Int
    /// Steps of the run.
    public var stepsTotal: Int
    /// Mean loss of the last steps.
    public var loss: Double
    /// Tokens a second since the run began or went on.
    public var tokensPerSecond: Double
    /// Until the last step.
    public var secondsLeft: Double
    /// Accuracy on the choosing part after the last whole epoch; nil before the first.
    public var accuracy: Double?
  }

  /// What came out.
  public struct Outcome: Sendable {
    /// On the part that settings may be chosen by.
    public var choose: Accuracy
    /// On the part that nothing was chosen by.
    public var test: Accuracy
    /// Tokens a second while learning, evaluation left out; nil if all was learned before an interruption.
    public var tokensPerSecond: Double?
    /// What `fit.json` says.
    public var report: JSON
  }

  /// Seconds between two saves of the state: what an interruption loses at most.
  static let saveSeconds = 45.0
  /// `saveSeconds`, but for tests.
  var secondsBetweenSaves = saveSeconds
  private let source: Checkpoint
  private let set: LearningSet
  private let settings: FitSettings
  private let trainer: EncoderTrainer
  private let choose: [TokenizedText]
  private let test: [TokenizedText]
  private let cutCount: Int
  private let teacher: String?
  /// What opening and reading took, a teacher's answers among it.
  private let opening: Duration

  /// Opens the model and tokenizes the text.
  ///
  /// - Parameters:
  ///   - model: a Hugging Face directory of a BERT.
  ///   - set: the three parts.
  ///   - teacher: a directory that was fitted to the same labels, whose answers are learned beside them; nil is none.
  ///   - settings: without a fault.
  /// - Throws: `FormatError` if the model cannot be taught.
  public init(
    model: String,
    _ set: LearningSet,
    teacher: String? = nil,
    _ settings: FitSettings
  ) throws(FormatError) {
    let began = ContinuousClock.now
    let source = try Checkpoint.open(path: model, toLearn: true)
    let configuration = try EncoderFolder.base(source).0
    guard let tokenizer = source.tokenizer, tokenizer.gap == nil else {
      throw FormatError(path: model, reason: "has no tokenizer that text could be read with")
    }
    let most = min(settings.tokensMax, configuration.sequenceMax)
    let reader = TextTokenizer(tokenizer, tokensMax: most)
    self.source = source
    self.set = set
    self.settings = settings
    self.teacher = teacher
    let isMultiple = set.train.isMultiple
    var train = reader.texts(set.train)
    choose = reader.texts(set.choose).texts
    test = reader.texts(set.test).texts
    cutCount = train.cutCount
    BLAS.setThreads(1)
    if let teacher {
      let answers = try Self.answers(of: teacher, set.labels, train.texts, settings)
      for (place, logits) in answers.enumerated() { train.texts[place].taught = logits }
    }
    let network = try EncoderNetwork<Float>(
      source,
      labels: set.labels.names,
      problem: isMultiple ? .multiLabel : .singleLabel,
      activation: settings.swapsToRelu ? .relu : nil,
      seed: settings.seed
    )
    trainer = EncoderTrainer(network, train.texts, settings)
    opening = ContinuousClock.now - began
  }

  private static func answers(
    of teacher: String,
    _ labels: LabelTable,
    _ texts: [TokenizedText],
    _ settings: FitSettings
  ) throws(FormatError) -> [[Float]] {
    let source = try Checkpoint.open(path: teacher, toLearn: true)
    let (configuration, weights) = try EncoderFolder.base(source)
    guard configuration.labels == labels.names, weights.classifier != nil else {
      throw FormatError(
        path: teacher,
        reason:
          "tells \(configuration.labels) apart, not \(labels.names); fit a teacher to the same data"
      )
    }
    let network = try EncoderNetwork<Float>(source)
    return network.logits(of: texts, Crew(count: settings.threads))
  }

  /// Runs to the end, and writes the model.
  ///
  /// - Parameters:
  ///   - target: the directory to make; the state of an unfinished run lies beside it, with `.run` at its end.
  ///   - replacing: whether a fitted model that is there makes way.
  ///   - hears: is told after every step.
  /// - Returns: accuracies, and the report that lies in the directory.
  /// - Throws: `FormatError` if something cannot be written.
  public func run(
    to target: String,
    replacing: Bool,
    hears: (Progress) -> Void = { _ in }
  ) throws(FormatError) -> Outcome {
    try EncoderFolder.kind.isReplaceable(target, replacing: replacing)
    let state = "\(target).run"
    try TrainingState.checkPlace(state, of: "fit")
    let told = try TrainingState.restore(trainer.run, from: state) ?? [:]
    var history = FitHistory(notes: told)
    let (first, before) = (trainer.nextStep, history.seconds)
    let clock = ContinuousClock()
    let start = clock.now
    var (saved, learning, tokens) = (start, Duration.zero, 0)
    var losses = [Double](stateText: told[TrainingState.lossesName])
    var isSaved = true
    func spent() -> Double { before + (opening + (clock.now - start)) / .seconds(1) }
    func save() throws(FormatError) {
      history.seconds = spent()
      let notes = history.notes + [(TrainingState.lossesName, losses.stateText)]
      try TrainingState.save(trainer.run, to: state, telling: notes)
    }
    while true {
      let began = clock.now
      guard let step = trainer.advance() else { break }
      learning += clock.now - began
      tokens += step.tokens
      losses = losses.suffix(TrainingState.lossesKept - 1) + [step.loss]
      isSaved = false
      let done = step.number + 1
      if done % (trainer.stepsTotal / settings.epochs) == 0, done < trainer.stepsTotal {
        history.accuracies.append(accuracy(of: choose, set.choose).share)
      }
      let seconds = learning / .seconds(1)
      hears(
        Progress(
          step: done,
          stepsTotal: trainer.stepsTotal,
          loss: losses.reduce(0, +) / Double(losses.count),
          tokensPerSecond: Double(tokens) / seconds,
          secondsLeft: seconds / Double(done - first) * Double(trainer.stepsTotal - done),
          accuracy: history.accuracies.last
        )
      )
      if (clock.now - saved) / .seconds(1) > secondsBetweenSaves {
        try save()
        (saved, isSaved) = (clock.now, true)
      }
    }
    // Measuring may take longer than a minute. A disk that has no room for this may have it for the model.
    if !isSaved { try? save() }
    let rate = tokens > 0 ? Double(tokens) / (learning / .seconds(1)) : nil
    let (choosing, answers) = (accuracy(of: choose, set.choose), trainer.logits(of: test))
    let activity = trainer.activity(of: choose)
    history.seconds = spent()
    let report = FitReport(
      model: source.name,
      set: set,
      settings: settings,
      teacher: teacher,
      cutCount: cutCount,
      stepsTotal: trainer.stepsTotal,
      lastLoss: losses.last,
      history: history,
      choosing: choosing,
      testing: Accuracy(answers, set.test.items.map(\.labels)),
      answers: answers,
      activity: zip(trainer.network.blocks, activity).map { ($0.name, $1) },
      isSparse: trainer.network.configuration.activation == .relu,
      tokensPerSecond: rate
    )
    try write(to: target, report, replacing: replacing)
    try? FileManager.default.removeItem(atPath: state)
    return Outcome(
      choose: choosing,
      test: report.testing,
      tokensPerSecond: rate,
      report: report.json
    )
  }

  private func accuracy(of texts: [TokenizedText], _ part: Dataset) -> Accuracy {
    Accuracy(trainer.logits(of: texts), part.items.map(\.labels))
  }

  private func write(to target: String, _ report: FitReport, replacing: Bool) throws(FormatError) {
    try EncoderFolder.write(
      to: target,
      source: source,
      trainer.network.configuration,
      tensors: trainer.network.tensors,
      report: report.json,
      attachments: report.page.files,
      fills: trainer.network.fill,
      replacing: replacing
    )
  }
}
