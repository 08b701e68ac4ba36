import ArgumentParser
import Foundation
import MeteClient
import Methods
import Models

/// `mete fit`: a classifier from an encoder and labelled text.
struct FitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Teach an encoder to classify, from labelled text.",
    discussion: """
      MODEL is a Hugging Face directory of a BERT; DATA holds train, choose and test as JSON Lines, CSV or TSV, as \
      `mete data` prepares them. Writes a Hugging Face directory that meted serves and transformers opens, with the \
      accuracies in fit.json and a page, report.html. It appears whole or not at all.

      A run that is interrupted loses at most a minute of learning: the same command goes on where it was, and ends with \
      the same bits as a run that was not. Accuracies are taken at its end, and anew if they were not.

      Exits with 0, or with 1 and the reason.
      """
  )

  @Argument(help: "A Hugging Face directory.")
  var model: String

  @Argument(help: "A directory with train, choose and test.")
  var data: String

  @Option(help: ArgumentHelp("Where to.", valueName: "directory"))
  var to: String

  @Option(help: "Times that every example is seen.")
  var epochs = FitSettings().epochs

  @Option(help: "Examples of one step.")
  var batch = FitSettings().batch

  @Option(help: "Slices that a step's examples are read in, to save memory.")
  var slices = FitSettings().slices

  @Option(help: "Learning rate at its highest.")
  var rate = FitSettings().rate

  @Option(help: "Share of the steps over which the learning rate rises.")
  var warmup = FitSettings().warmup

  @Option(help: "Share of the learning rate by which matrices shrink at every step.")
  var decay = FitSettings().decay

  @Option(help: "Share of numbers that are left out while learning.")
  var dropout = FitSettings().dropout

  @Option(help: "Tokens that a text is cut to.")
  var tokensMax = FitSettings().tokensMax

  @Option(help: "Keep neurons off by this penalty: hoyer, l1, clamped-l1 or clamped-hoyer.")
  var sparsity: String?

  @Option(help: "Weight of the penalty beside the loss.")
  var sparsityWeight = 1.0

  @Option(help: "Share of the run over which that weight rises.")
  var sparsityRamp = 0.5

  @Option(
    help: ArgumentHelp("Learn from this fitted model's answers as well.", valueName: "directory")
  )
  var teacher: String?

  @Option(help: "How much the teacher counts beside the labels, 0 to 1.")
  var teacherShare = Distillation().share

  @Option(help: "What logits are divided by when the teacher's are learned.")
  var teacherTemperature = Distillation().temperature

  @Flag(help: "Make feed-forward neurons max(x, 0), whatever they were.")
  var relu = false

  @Flag(help: "Leave embeddings as they are.")
  var freezeEmbeddings = false

  @Option(help: "Decides order, dropout and the fresh head.")
  var seed: UInt64 = 0

  @Option(help: "Threads.")
  var threads = FitSettings().threads

  @Flag(help: "Replace what was fitted to the same place before.")
  var force = false

  @Flag(help: "Write JSON.")
  var json = false

  private var settings: FitSettings {
    var settings = FitSettings()
    settings.epochs = epochs
    settings.batch = batch
    settings.slices = slices
    settings.rate = rate
    settings.warmup = warmup
    settings.decay = decay
    settings.dropout = dropout
    settings.tokensMax = tokensMax
    settings.seed = seed
    settings.swapsToRelu = relu
    settings.freezesEmbeddings = freezeEmbeddings
    settings.sparsity = sparsity.flatMap(SparsityPenalty.Measure.init).map {
      SparsityPenalty($0, weight: sparsityWeight, ramp: sparsityRamp)
    }
    settings.distillation = Distillation(share: teacherShare, temperature: teacherTemperature)
    settings.threads = threads
    return settings
  }

  mutating func validate() throws {
    to = PassArguments.place(to)
    guard sparsity.map({ SparsityPenalty.Measure(rawValue: $0) != nil }) ?? true else {
      throw ValidationError("--sparsity is hoyer, l1, clamped-l1 or clamped-hoyer")
    }
    if let fault = settings.fault { throw ValidationError(fault) }
  }

  func run() throws {
    try EncoderFolder.kind.isReplaceable(to, replacing: force)
    let (set, reports) = try LearningSet.open(folder: data)
    for (part, report) in zip(LearningSet.parts, reports) where report.skippedCount > 0 {
      Terminal.tell("mete: \(data)/\(part): skipped \(report.summary)\n")
    }
    let fit = try EncoderFit(model: model, set, teacher: teacher, settings)
    let bar = ProgressBar("teaching \(model)")
    let outcome = try fit.run(to: to, replacing: force) { progress in
      bar.total = progress.stepsTotal
      let accuracy = progress.accuracy.map { String(format: ", accuracy %.1f %%", $0 * 100) } ?? ""
      bar.note = String(
        format: "step %d of %d, loss %.3f%@, %.0f tokens/s, %@ left",
        progress.step,
        progress.stepsTotal,
        progress.loss,
        accuracy,
        progress.tokensPerSecond,
        Self.time(progress.secondsLeft)
      )
      bar.show(progress.step)
    }
    bar.clear()
    if json {
      return try Terminal.write(
        String(decoding: outcome.report.text(depth: 2), as: UTF8.self) + "\n"
      )
    }
    try Terminal.write(
      """
      \(to) written
      choose  \(Self.percent(outcome.choose))
      test    \(Self.percent(outcome.test))

      """
        + (outcome.tokensPerSecond.map { String(format: "%.0f tokens/s\n", $0) } ?? "")
    )
  }

  private static func time(_ seconds: Double) -> String {
    let seconds = Int(seconds.rounded())
    return seconds < 3600
      ? String(format: "%d:%02d", seconds / 60, seconds % 60)
      : String(format: "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
  }

  private static func percent(_ accuracy: Accuracy) -> String {
    String(
      format: "%.2f %% ± %.2f of %d",
      accuracy.share * 100,
      accuracy.margin * 100,
      accuracy.count
    )
  }
}
