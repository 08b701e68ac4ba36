import ArgumentParser
import Foundation
import MeteClient
import Methods
import Models

/// `mete experts`: feed-forward layers as experts, and routers that pick them.
struct ExpertsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experts",
    abstract:
      "Make a fitted encoder's feed-forward layers experts, and teach routers to pick them.",
    discussion: """
      MODEL is a directory that `mete fit` wrote, best with --relu --sparsity hoyer; DATA is what it was fitted to. \
      Neurons are put in order of balanced clusters, which changes no answer; routers learn how strong each expert's \
      output will be; then what every threshold costs and keeps is measured: settings are chosen on the choosing part, \
      and judged on the test part.

      MODEL may be a language model as well (GGUF or a Hugging Face directory): then the texts of DATA are read, the model \
      stays as it is, and TO holds routers, the order of neurons, and how often the likeliest token stays.

      An interrupted run loses at most a minute: the same command goes on where it was.

      Exits with 0, or with 1 and the reason.
      """
  )

  @Argument(help: "A directory that `mete fit` wrote.")
  var model: String

  @Argument(help: "A directory with train, choose and test.")
  var data: String

  @Option(help: ArgumentHelp("Where to.", valueName: "directory"))
  var to: String

  @Option(
    help: ArgumentHelp("The fitted model that accuracies are held against.", valueName: "directory")
  )
  var baseline: String?

  @Option(help: "What routers learn to predict: norm or contribution.")
  var target = RouterSettings().target.rawValue

  @Option(help: "Neurons of an expert.")
  var expertSize = RouterSettings().expertSize

  @Option(help: "Hidden neurons of a router.")
  var routerHidden = RouterSettings().hidden

  @Option(help: "Times that routers see every example.")
  var epochs = RouterSettings().epochs

  @Option(help: "Examples of one step.")
  var batch = RouterSettings().batch

  @Option(help: "Learning rate at its highest.")
  var rate = RouterSettings().rate

  @Option(help: "Tokens that a text is cut to.")
  var tokensMax = FrugalPlan().tokensMax

  @Option(help: "Test examples that whole curves are drawn from.")
  var curveExamples = FrugalPlan().curveExamples

  @Option(help: "Tokens that routers of a language model learn from.")
  var trainTokens = DecoderExpertsPass.Limits().trainTokens

  @Option(help: "Tokens that experts of a language model are measured on.")
  var testTokens = DecoderExpertsPass.Limits().testTokens

  @Option(help: "Decides clusters, fresh routers and order.")
  var seed: UInt64 = 0

  @Option(help: "Threads.")
  var threads = RouterSettings().threads

  @Flag(help: "Replace what was fitted to the same place before.")
  var force = false

  @Flag(help: "Write JSON.")
  var json = false

  func validate() throws {
    let numbers = [
      ("expert-size", expertSize), ("router-hidden", routerHidden), ("epochs", epochs),
      ("batch", batch), ("curve-examples", curveExamples), ("threads", threads),
      ("train-tokens", trainTokens), ("test-tokens", testTokens),
    ]
    for (name, value) in numbers where value < 1 || value > 1_000_000 {
      throw ValidationError("--\(name) is \(value), not 1 to 1000000")
    }
    guard RouterSettings.Target(rawValue: target) != nil else {
      throw ValidationError("--target is norm or contribution")
    }
    guard rate > 0, rate <= 1 else {
      throw ValidationError("--rate is \(rate), not above 0 and at most 1")
    }
    guard tokensMax > 2 else { throw ValidationError("--tokens-max is \(tokensMax), not above 2") }
  }

  func run() throws {
    var settings = RouterSettings()
    settings.target = RouterSettings.Target(rawValue: target) ?? .norm
    settings.expertSize = expertSize
    settings.hidden = routerHidden
    settings.epochs = epochs
    settings.batch = batch
    settings.rate = rate
    settings.seed = seed
    settings.threads = threads
    var plan = FrugalPlan()
    plan.tokensMax = tokensMax
    plan.curveExamples = curveExamples
    let (set, _) = try LearningSet.open(folder: data)
    if case .llama = try Checkpoint.open(path: model).family { return try ofDecoder(set, settings) }
    try EncoderFolder.check(to, replacing: force)
    let pass = try ExpertsPass(model: model, set, baseline: baseline, settings, plan)
    let bar = ProgressBar("experts of \(model)")
    let result = try pass.run(to: to, replacing: force) { bar.show($0) }
    bar.clear()
    let text = String(decoding: result.text(depth: 2), as: UTF8.self)
    try Terminal.write(json ? text + "\n" : FrugalSummary.experts(result, at: to))
  }

  private func ofDecoder(_ set: LearningSet, _ settings: RouterSettings) throws {
    var limits = DecoderExpertsPass.Limits()
    limits.textTokens = max(2, tokensMax)
    limits.trainTokens = trainTokens
    limits.testTokens = testTokens
    try DecoderExpertsFolder.check(to, replacing: force)
    let pass = try DecoderExpertsPass(model: model, set, settings, limits)
    let bar = ProgressBar("experts of \(model)")
    let result = try pass.run(to: to, replacing: force) { bar.show($0) }
    bar.clear()
    let text = String(decoding: result.text(depth: 2), as: UTF8.self)
    try Terminal.write(json ? text + "\n" : FrugalSummary.languageModel(result, at: to))
  }
}
