internal import Foundation
public import Models
import Tensors

/// Experts and routers of a language model whose weights stay as they are, and what picking experts costs and keeps: how
/// often the likeliest token stays, and perplexity.
///
/// Nothing makes the neurons sparse here, so this is what comes without training. arXiv:2310.04361.
public struct DecoderExpertsPass {
  private let source: Checkpoint
  private let set: LearningSet
  private let settings: RouterSettings
  private let limits: Limits
  private let configuration: LlamaConfiguration
  private let weights: LlamaWeights
  private let parts: (train: [[Int32]], choose: [[Int32]], test: [[Int32]])

  /// How much is read.
  public struct Limits: Sendable, Equatable {
    /// Tokens that routers learn from.
    public var trainTokens = 50_000
    /// Tokens that settings are measured on.
    public var testTokens = 8_000
    /// Tokens of a text at most.
    public var textTokens = 256
    /// τ of `ExpertSelection.max` that are tried.
    public var taus = [0.05, 0.1, 0.2, 0.3, 0.4]
    /// Static choices that are tried, as shares of the experts.
    public var shares = [0.3, 0.5, 0.7, 0.85]
    /// Shares of the predicted sum, of `ExpertSelection.share`, that are tried.
    public var contributions = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98]

    /// What the figures of docs/BENCHMARKS.md were made with.
    public init() {}
  }

  /// Bytes that rows to learn from may take.
  static let rowsBytesMax = 8 << 30

  /// Opens the model and tokenizes the text.
  ///
  /// - Parameters:
  ///   - model: a GGUF file or a Hugging Face directory of a language model.
  ///   - set: whose texts are read; labels are not asked for.
  ///   - settings: of splitting and teaching.
  ///   - limits: how much is read.
  /// - Throws: `FormatError` if the model cannot be split so, or there is too little text.
  public init(
    model: String,
    _ set: LearningSet,
    _ settings: RouterSettings,
    _ limits: Limits
  ) throws(FormatError) {
    let source = try Checkpoint.open(path: model)
    guard case .llama(let configuration, let weights) = source.family else {
      throw FormatError(path: model, reason: "is a \(source.family.name), not a language model")
    }
    guard let tokenizer = source.tokenizer, tokenizer.gap == nil else {
      throw FormatError(path: model, reason: "has no tokenizer that text could be read with")
    }
    let neurons = configuration.ffnWidth
    guard settings.expertSize > 0, neurons % settings.expertSize == 0 else {
      throw FormatError(
        path: model,
        reason:
          "has \(neurons) neurons a layer, which experts of \(settings.expertSize) do not divide"
      )
    }
    let bytes =
      RoutedRows.bytes(
        layers: configuration.layers,
        width: configuration.width,
        experts: neurons / settings.expertSize
      ) * limits.trainTokens
    guard bytes <= Self.rowsBytesMax else {
      throw FormatError(
        path: model,
        reason:
          "needs \(bytes >> 20) MiB for \(limits.trainTokens) tokens, over \(Self.rowsBytesMax >> 20); take fewer tokens or larger experts"
      )
    }
    func texts(_ part: Dataset, _ tokens: Int) throws(FormatError) -> [[Int32]] {
      let most = min(limits.textTokens, configuration.positionsMax)
      var (texts, count) = ([[Int32]](), 0)
      for item in part.items where count < tokens {
        let ids = tokenizer.encode(Array(item.text.utf8), addSpecial: false).prefix(most)
        guard ids.count > 1 else { continue }
        texts.append(Array(ids.prefix(max(2, tokens - count))))
        count += texts[texts.count - 1].count
      }
      guard !texts.isEmpty else {
        throw FormatError(path: part.name, reason: "has no text of two tokens")
      }
      return texts
    }
    parts = (
      try texts(set.train, limits.trainTokens), try texts(set.choose, limits.testTokens),
      try texts(set.test, limits.testTokens)
    )
    (self.source, self.set, self.settings, self.limits) = (source, set, settings, limits)
    (self.configuration, self.weights) = (configuration, weights)
    BLAS.setThreads(1)
  }

  /// Splits, teaches, measures, and writes a folder: `frugal.json` (size, orders of neurons), `frugal.safetensors` (routers),
  /// `experts.json` and `report.html`.
  ///
  /// An interrupted run goes on where it was, and ends with the same bits: rows to learn from, routers that have learned and
  /// settings that were measured lie beside the folder meanwhile, in one with `.run` at its end.
  ///
  /// - Parameters:
  ///   - target: the folder to make.
  ///   - replacing: whether such a folder that is there makes way.
  ///   - hears: is told how far it is.
  /// - Returns: what `experts.json` says.
  /// - Throws: `FormatError` if something cannot be written; then nothing has changed.
  public func run(
    to target: String,
    replacing: Bool,
    hears: @escaping (FrugalProgress) -> Void = { _ in }
  ) throws(FormatError) -> JSON {
    try DecoderExpertsFolder.kind.isReplaceable(target, replacing: replacing)
    let began = ContinuousClock.now
    let sha256 = source.sha256()
    let stages = try RunStages(beside: target, of: "experts", notes: notes(sha256), hears: hears)
    let count = configuration.ffnWidth / settings.expertSize
    let curve: Curve =
      switch configuration.feedForward {
      case .gatedSilu: .silu
      case .plain(let activation): activation.curve
      }
    let (split, orders) = weights.split(experts: count, curve: curve, seed: settings.seed) { done in
      hears(
        FrugalProgress(what: "clustering neurons", step: done, stepsTotal: configuration.layers)
      )
    }
    let pass = DecoderPass(configuration, split, tokensMax: limits.textTokens)
    let crew = Crew<Float>(count: settings.threads)
    let shape = RouterShape(width: configuration.width, hidden: settings.hidden, experts: count)
    var random = SeededRandom(seed: settings.seed ^ 0x5EED)
    let experts = ExpertLayers(
      sizes: pass.layers.map { _ in settings.expertSize },
      routers: pass.layers.indices.map { Router<Float>(freshFor: $0, shape, &random) },
      downs: pass.layers.map(\.down.weight)
    )
    let rows = try RoutedRows(parts.train, pass, experts, crew, stages) { done in
      hears(FrugalProgress(what: "reading", step: done, stepsTotal: parts.train.count))
    }
    let trainer = DecoderRouterTrainer(experts: experts, settings: settings, crew: crew)
    let errors = try trainer.teach(rows, stages) { done, share in
      hears(
        FrugalProgress(
          what: "teaching routers",
          step: done,
          stepsTotal: pass.layers.count,
          loss: share
        )
      )
    }
    let head = VocabularyHead(configuration, weights)
    let measured =
      try DecoderExpertsMeter(pass, head, experts, parts.test, limits, crew, stages)
    let result = result(
      measured,
      errors: errors,
      tokens: rows.count,
      seconds: (ContinuousClock.now - began) / .seconds(1)
    )
    try DecoderExpertsFolder.write(
      to: target,
      experts,
      orders: orders,
      modelSHA256: sha256,
      result: result,
      page: measured.report(facts: facts(result)).html,
      replacing: replacing
    )
    stages.end()
    return result
  }

  /// What a run follows from.
  private func notes(_ sha256: String) -> [(name: String, value: String)] {
    func origin(_ texts: [[Int32]]) -> String {
      EncoderTrainer.origin(
        of: texts.map { TokenizedText(tokens: $0, types: $0.map { _ in 0 }, labels: []) }
      )
    }
    return [
      ("model", sha256), ("settings", settings.fingerprint), ("limits", "\(limits)"),
      ("train", origin(parts.train)), ("test", origin(parts.test)),
    ]
  }

  private func facts(_ result: JSON) -> [(name: String, value: String)] {
    [
      ("model", source.name), ("data", set.train.name),
      (
        "tokens",
        "\(result["train_tokens"]?.integer ?? 0) to learn from, \(limits.testTokens) to test"
      ),
      ("settings", settings.fingerprint),
      ("time", "\(HTML.number((result["seconds"]?.number ?? 0) / 60)) minutes"),
    ]
  }

  private func result(
    _ measured: DecoderExpertsMeter,
    errors: [Double],
    tokens: Int,
    seconds: Double
  ) -> JSON {
    .object(
      [
        .init("model", .string(Array(source.name.utf8))),
        .init("data", .string(Array(set.train.name.utf8))),
        .init("settings", .string(Array(settings.fingerprint.utf8))),
        .init("train_tokens", .integer(tokens)),
        .init("router_errors", .array(errors.map { .number($0) })),
        .init("seconds", .number(seconds)),
      ] + measured.members
    )
  }
}
