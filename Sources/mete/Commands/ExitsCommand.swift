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

      Recorded runs took from a minute and a half to forty minutes. An interrupted one goes on where it was, with the same \
      command, and ends with the same bits: what was learned is saved every 45 seconds and at the end of each stage, what was \
      measured after each setting (of 20,000 texts, a minute or two). The rows that heads learn from, gigabytes, are read anew \
      if not all was learned: one pass over the texts, with experts three; those of the choosing part always are.

      Exits with 0, or with 1 and the reason.
      """
  )

  @OptionGroup var pass: PassArguments

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

  func validate() throws {
    try PassArguments.check([("epochs", epochs), ("batch", batch)])
    try PassArguments.check(rate: rate)
  }

  func run() throws {
    try EncoderFolder.kind.isReplaceable(pass.to, replacing: pass.force)
    var settings = ExitSettings()
    settings.layers = layers.isEmpty ? nil : layers
    settings.epochs = epochs
    settings.batch = batch
    settings.rate = rate
    settings.seed = pass.seed
    settings.threads = pass.threads
    var plan = FrugalPlan()
    plan.tokensMax = pass.tokensMax
    let own = try ExitsPass(
      model: pass.model,
      try pass.open(),
      baseline: pass.baseline,
      settings,
      plan
    )
    try pass.show("exits of \(pass.model)", FrugalSummary.exits) {
      try own.run(to: pass.to, replacing: pass.force, hears: $0)
    }
  }
}
