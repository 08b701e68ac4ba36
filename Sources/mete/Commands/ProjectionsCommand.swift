import ArgumentParser
import Methods

/// `mete projections`: pairs of layers for the linear maps around attention.
struct ProjectionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "projections",
    abstract: "Replace a fitted encoder's attention projections by pairs of layers.",
    discussion: """
      MODEL is a directory that `mete fit` wrote; DATA is what it was fitted to. Each of the four linear maps around a \
      layer's attention becomes two, with neurons between, which learn to give the same. `mete fit` teaches what comes out \
      on as a whole, and `mete experts` makes experts of all its neurons. Only learning reads such a model: meted and \
      transformers refuse it.

      An interrupted run loses at most a minute of learning: the same command goes on where it was, and measures anew.

      Exits with 0, or with 1 and the reason.
      """
  )

  @OptionGroup var pass: PassArguments

  @Option(help: "Neurons between two maps; as many as cost what the linear map costs if not given.")
  var neurons: Int?

  @Option(help: "Times that every text is seen.")
  var epochs = ProjectionSettings().epochs

  @Option(help: "Texts of one step.")
  var batch = ProjectionSettings().batch

  @Option(help: "Learning rate at its highest.")
  var rate = ProjectionSettings().rate

  @Option(help: "Weight of the penalty on neurons, once the run is over.")
  var sparsityWeight = ProjectionSettings().sparsityWeight

  func validate() throws {
    try PassArguments.check([
      ("neurons", neurons ?? 1), ("epochs", epochs), ("batch", batch),
    ])
    try PassArguments.check(rate: rate)
    guard sparsityWeight >= 0, sparsityWeight <= 1e6 else {
      throw ValidationError("--sparsity-weight is \(sparsityWeight), not 0 to 1000000")
    }
    guard pass.baseline == nil else {
      throw ValidationError("--baseline has no meaning here: the model is held against itself")
    }
  }

  func run() throws {
    var settings = ProjectionSettings()
    settings.neurons = neurons
    settings.epochs = epochs
    settings.batch = batch
    settings.rate = rate
    settings.sparsityWeight = sparsityWeight
    settings.seed = pass.seed
    settings.threads = pass.threads
    var plan = FrugalPlan()
    plan.tokensMax = pass.tokensMax
    let own = try ProjectionsPass(model: pass.model, try pass.open(), settings, plan)
    try pass.show("projections of \(pass.model)", FrugalSummary.projections) {
      try own.run(to: pass.to, replacing: pass.force, hears: $0)
    }
  }
}
