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

      An interrupted run goes on where it was, with the same command, and ends with the same bits; neurons are clustered \
      anew. Kept in TO.run meanwhile is what was learned (every 45 seconds, or router by router), and what was measured, \
      setting by setting: seconds each, and a minute or two for the setting chosen, on 20,000 texts. With a language model \
      the rows that routers learn from lie there too, gigabytes; a disk without room for them costs no result.

      Exits with 0, or with 1 and the reason.
      """
  )

  @OptionGroup var pass: PassArguments

  @Option(help: "What routers learn to predict: norm or contribution.")
  var target = RouterSettings().target.rawValue

  @Option(help: "Neurons of an expert.")
  var expertSize = RouterSettings().expertSize

  @Option(help: "Hidden neurons of a router.")
  var routerHidden = RouterSettings().hidden

  @Option(help: "Neurons of an expert of a projection, where `mete projections` made some.")
  var projectionExpertSize = RouterSettings().projectionExpertSize

  @Option(help: "Hidden neurons of the router of such a projection.")
  var projectionRouterHidden = RouterSettings().projectionHidden

  @Option(help: "Times that routers see every example.")
  var epochs = RouterSettings().epochs

  @Option(help: "Examples of one step.")
  var batch = RouterSettings().batch

  @Option(help: "Learning rate at its highest.")
  var rate = RouterSettings().rate

  @Option(help: "Test examples that whole curves are drawn from.")
  var curveExamples = FrugalPlan().curveExamples

  @Option(help: "Tokens that routers of a language model learn from.")
  var trainTokens = DecoderExpertsPass.Limits().trainTokens

  @Option(help: "Tokens that experts of a language model are measured on.")
  var testTokens = DecoderExpertsPass.Limits().testTokens

  func validate() throws {
    try PassArguments.check([
      ("expert-size", expertSize), ("router-hidden", routerHidden),
      ("projection-expert-size", projectionExpertSize),
      ("projection-router-hidden", projectionRouterHidden), ("epochs", epochs),
      ("batch", batch), ("curve-examples", curveExamples), ("train-tokens", trainTokens),
      ("test-tokens", testTokens),
    ])
    try PassArguments.check(rate: rate)
    guard RouterSettings.Target(rawValue: target) != nil else {
      throw ValidationError("--target is norm or contribution")
    }
  }

  func run() throws {
    var settings = RouterSettings()
    settings.target = RouterSettings.Target(rawValue: target) ?? .norm
    settings.expertSize = expertSize
    settings.hidden = routerHidden
    settings.projectionExpertSize = projectionExpertSize
    settings.projectionHidden = projectionRouterHidden
    settings.epochs = epochs
    settings.batch = batch
    settings.rate = rate
    settings.seed = pass.seed
    settings.threads = pass.threads
    let title = "experts of \(pass.model)"
    if case .llama = try Checkpoint.open(path: pass.model, toLearn: true).family {
      try DecoderExpertsFolder.kind.isReplaceable(pass.to, replacing: pass.force)
      var limits = DecoderExpertsPass.Limits()
      limits.textTokens = pass.tokensMax
      limits.trainTokens = trainTokens
      limits.testTokens = testTokens
      let own = try DecoderExpertsPass(model: pass.model, try pass.open(), settings, limits)
      return try pass.show(title, FrugalSummary.languageModel) {
        try own.run(to: pass.to, replacing: pass.force, hears: $0)
      }
    }
    try EncoderFolder.kind.isReplaceable(pass.to, replacing: pass.force)
    var plan = FrugalPlan()
    plan.tokensMax = pass.tokensMax
    plan.curveExamples = curveExamples
    let own = try ExpertsPass(
      model: pass.model,
      try pass.open(),
      baseline: pass.baseline,
      settings,
      plan
    )
    try pass.show(title, FrugalSummary.experts) {
      try own.run(to: pass.to, replacing: pass.force, hears: $0)
    }
  }
}
