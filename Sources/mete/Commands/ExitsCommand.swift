import ArgumentParser
import Foundation
import MeteClient
import Methods
import Models

/// `mete exits`: answers after every layer, and leaving at the first that is sure.
struct ExitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exits",
    abstract: "Give a fitted encoder exits after its layers, and teach them when to answer.",
    discussion: """
      MODEL is a directory that `mete fit` or `mete experts` wrote; DATA is what it was fitted to, with one label a text. \
      The model itself stays as it is. Heads learn after the layers, each from the one before; then how much the \
      opinions of all count; then what every threshold costs and keeps is measured beside plain heads and patience: \
      settings are chosen on the choosing part, and judged on the test part. With experts, both are measured together.

      It takes a minute or two; an interrupted run writes nothing.

      Exits with 0, or with 1 and the reason.
      """
  )

  @Argument(help: "A directory that `mete fit` or `mete experts` wrote.")
  var model: String

  @Argument(help: "A directory with train, choose and test.")
  var data: String

  @Option(help: ArgumentHelp("Where to.", valueName: "directory"))
  var to: String

  @Option(
    help: ArgumentHelp("The fitted model that accuracies are held against.", valueName: "directory")
  )
  var baseline: String?

  @Option(
    name: .customLong("after"),
    parsing: .upToNextOption,
    help:
      "After how many layers exits stand, ascending; after every layer but the last if not given."
  )
  var layers: [Int] = []

  @Option(help: "Times that heads see every example.")
  var epochs = ExitSettings().epochs

  @Option(help: "Examples of one step.")
  var batch = ExitSettings().batch

  @Option(help: "Learning rate of heads at its highest.")
  var rate = ExitSettings().rate

  @Option(help: "Tokens that a text is cut to.")
  var tokensMax = FrugalPlan().tokensMax

  @Option(help: "Decides fresh heads, order and dropout.")
  var seed: UInt64 = 0

  @Option(help: "Threads.")
  var threads = ExitSettings().threads

  @Flag(help: "Replace what was fitted to the same place before.")
  var force = false

  @Flag(help: "Write JSON.")
  var json = false

  func validate() throws {
    for (name, value) in [("epochs", epochs), ("batch", batch), ("threads", threads)]
    where value < 1 || value > 1_000_000 {
      throw ValidationError("--\(name) is \(value), not 1 to 1000000")
    }
    guard rate > 0, rate <= 1 else {
      throw ValidationError("--rate is \(rate), not above 0 and at most 1")
    }
    guard tokensMax > 2 else { throw ValidationError("--tokens-max is \(tokensMax), not above 2") }
  }

  func run() throws {
    try EncoderFolder.check(to, replacing: force)
    var settings = ExitSettings()
    settings.layers = layers.isEmpty ? nil : layers
    settings.epochs = epochs
    settings.batch = batch
    settings.rate = rate
    settings.seed = seed
    settings.threads = threads
    var plan = FrugalPlan()
    plan.tokensMax = tokensMax
    let (set, _) = try LearningSet.open(folder: data)
    let pass = try ExitsPass(model: model, set, baseline: baseline, settings, plan)
    let bar = ProgressBar("exits of \(model)")
    let result = try pass.run(to: to, replacing: force) { bar.show($0) }
    bar.clear()
    let text = String(decoding: result.text(depth: 2), as: UTF8.self)
    try Terminal.write(json ? text + "\n" : FrugalSummary.exits(result, at: to))
  }
}
