import ArgumentParser
import Foundation
import Methods
import Models

/// `mete heads`: a classifier at every token from a frozen language model and labelled text.
struct HeadsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "heads",
    abstract: "Teach a frozen language model to classify at every token.",
    discussion: """
      MODEL is a GGUF file or a Hugging Face directory of a language model; DATA holds train, choose and test as JSON \
      Lines, CSV or TSV, as `mete data` prepares them, with one label for each text. The model stays as it is; heads after some of its layers let a token leave when \
      one of them is sure. When it may is a rule of two numbers, the first exit that it may leave at and how sure an exit \
      must be; the cheapest within a point of full depth is chosen on the choosing part. Writes a folder with heads.json, \
      heads.safetensors, the figures in fit.json and a page, report.html. It appears whole or not at all.

      An interrupted run goes on where it was, with the same command, and ends with the same bits. What the model said is \
      kept in TO.run after every few thousand tokens (with 2 threads 8,192: about a minute for SmolLM2-135M, longer where \
      many rules are tried at once), what was learned every 45 seconds. TO.run takes up to 4 GB, and goes when TO is there; a \
      disk without room for it costs no result, only the way back.

      Exits with 0, or with 1 and the reason.
      """
  )

  @Argument(help: "A GGUF file or a Hugging Face directory.")
  var model: String

  @Argument(help: "A directory with train, choose and test.")
  var data: String

  @Option(help: ArgumentHelp("Where to.", valueName: "directory"))
  var to: String

  @Option(help: "Layers from one exit to the next.")
  var every = HeadSettings().every

  @Option(help: ArgumentHelp("After how many layers exits stand, instead.", valueName: "5,10,…"))
  var layers: String?

  @Option(help: "Times that every text is seen.")
  var epochs = HeadSettings().epochs

  @Option(help: "Learning rate at its highest.")
  var rate = HeadSettings().rate

  @Option(help: "Share of the learning rate by which matrices shrink at every step.")
  var decay = HeadSettings().decay

  @Option(help: "Texts of one step.")
  var batch = HeadSettings().batch

  @Option(help: "How much tokens count: tokens, texts or rising.")
  var weighting = HeadSettings().weighting.rawValue

  @Option(
    help:
      "What a server does for streams that name no policy: defer or propagate; without it, defer."
  )
  var policy: String?

  @Option(help: "Decides order and fresh heads.")
  var seed: UInt64 = 0

  @Option(help: "Tokens that a text is cut to.")
  var tokensMax = HeadSettings().tokensMax

  @Option(help: "Learn from the first texts of train alone.")
  var examplesMax: Int?

  @Option(help: "Judge by the first texts of test alone.")
  var testMax: Int?

  @Option(help: "Threads.")
  var threads = HeadSettings().threads

  @Flag(help: "Replace what was taught to the same place before.")
  var force = false

  @Flag(help: "Write JSON.")
  var json = false

  private var settings: HeadSettings {
    var settings = HeadSettings()
    settings.every = every
    settings.layers = chosen
    settings.epochs = epochs
    settings.rate = rate
    settings.decay = decay
    settings.batch = batch
    settings.weighting = .init(rawValue: weighting) ?? settings.weighting
    settings.policy = policy.flatMap(StreamPolicy.init(rawValue:))
    settings.seed = seed
    settings.tokensMax = tokensMax
    settings.examplesMax = examplesMax
    settings.testMax = testMax
    settings.threads = threads
    return settings
  }

  private var chosen: [Int]? {
    layers?.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
  }

  mutating func validate() throws {
    to = PassArguments.place(to)
    guard HeadSettings.Weighting(rawValue: weighting) != nil else {
      throw ValidationError("--weighting is tokens, texts or rising")
    }
    guard policy.map({ StreamPolicy(rawValue: $0) != nil }) ?? true else {
      throw ValidationError("--policy is defer or propagate")
    }
    guard chosen?.allSatisfy({ $0 > 0 }) ?? true else {
      throw ValidationError("--layers is a list of whole numbers from 1 on, such as 5,10,15")
    }
    if let fault = settings.fault { throw ValidationError(fault) }
  }

  func run() throws {
    try HeadsFolder.kind.isReplaceable(to, replacing: force)
    let (set, reports) = try LearningSet.open(folder: data)
    for (part, report) in zip(LearningSet.parts, reports) where report.skippedCount > 0 {
      Terminal.tell("mete: \(data)/\(part): skipped \(report.summary)\n")
    }
    let fit = try HeadsFit(model: model, set, settings)
    let bar = ProgressBar("teaching \(model)")
    let clock = ContinuousClock()
    var (stage, start) = ("", clock.now)
    let outcome = try fit.run(to: to, replacing: force) { progress in
      if progress.stage != stage { (stage, start) = (progress.stage, clock.now) }
      let seconds = (clock.now - start) / .seconds(1)
      let left = seconds / Double(max(1, progress.done)) * Double(progress.total - progress.done)
      let loss = progress.loss.map { String(format: ", loss %.3f", $0) } ?? ""
      bar.total = progress.total
      bar.note = String(format: "%@%@, %.0f s left of this", stage, loss, left)
      bar.show(progress.done)
    }
    bar.clear()
    if json {
      return try Terminal.write(
        String(decoding: outcome.report.text(depth: 2), as: UTF8.self) + "\n"
      )
    }
    try Terminal.write(HeadsSummary.text(outcome, at: to))
  }
}
