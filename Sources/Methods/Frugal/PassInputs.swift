import Foundation
internal import Models
import Tensors

/// What a learning pass over a fitted encoder begins with: the model, the data as it reads it, and what it is held against.
struct PassInputs: Sendable {
  let source: Checkpoint
  let set: LearningSet
  let plan: FrugalPlan
  let encoder: FrugalEncoder
  let texts: FrugalTexts
  /// What accuracies are held against.
  let baseline: EncoderNetwork<Float>
  let baselinePath: String

  /// Opens models and tokenizes the text.
  ///
  /// - Parameters:
  ///   - model: a directory that was fitted.
  ///   - set: the data that it was fitted to.
  ///   - baseline: a fitted directory that accuracies are held against; nil is the model itself.
  ///   - plan: what is measured.
  /// - Throws: `FormatError` if a model does not fit the data.
  init(
    model: String,
    _ set: LearningSet,
    baseline: String?,
    _ plan: FrugalPlan
  ) throws(FormatError) {
    BLAS.setThreads(1)
    source = try Checkpoint.open(path: model, toLearn: true)
    encoder = try FrugalEncoder(source, labels: set.labels)
    baselinePath = baseline ?? model
    self.baseline =
      try baseline.map { (path) throws(FormatError) in
        try FrugalEncoder(try Checkpoint.open(path: path, toLearn: true), labels: set.labels)
          .network
      } ?? encoder.network
    texts = try FrugalTexts(set, source, tokensMax: plan.tokensMax)
    (self.set, self.plan) = (set, plan)
  }

  /// What a result begins with.
  func members(settings: String, since began: ContinuousClock.Instant) -> [JSON.Member] {
    [
      .init("model", .string(Array(source.name.utf8))),
      .init("baseline", .string(Array(baselinePath.utf8))),
      .init("data", .string(Array(set.train.name.utf8))),
      .init("train", .integer(texts.train.count)),
      .init("settings", .string(Array(settings.utf8))),
      .init("tokens_max", .integer(plan.tokensMax)),
      .init("seconds", .number((ContinuousClock.now - began) / .seconds(1))),
    ]
  }

  /// What a page ends with.
  func facts(settings: String, _ result: JSON) -> [(name: String, value: String)] {
    let seconds = result["seconds"]?.number ?? 0
    return [
      ("model", source.name), ("data", set.train.name),
      (
        "examples",
        "\(set.train.items.count) to learn from, \(set.choose.items.count) to choose by, \(set.test.items.count) to test"
      ),
      ("held against", baselinePath), ("settings", settings),
      ("texts are cut to", "\(plan.tokensMax) tokens"),
      ("time", HTML.duration(seconds)),
    ]
  }
}
