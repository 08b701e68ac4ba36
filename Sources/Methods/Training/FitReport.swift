import Models

/// What `fit.json` says about a classifier that was fitted.
struct FitReport: Sendable {
  var model: String
  var set: LearningSet
  var settings: FitSettings
  /// The directory whose answers were learned; nil is none.
  var teacher: String?
  /// Texts to learn from that were cut.
  var cutCount: Int
  var stepsTotal: Int
  /// Of the last step; nil if none was made since the run went on.
  var lastLoss: Double?
  /// Of the whole run.
  var history: FitHistory
  var choosing: Accuracy
  var testing: Accuracy
  /// For every text of the test part (labels).
  var answers: [[Float]]
  /// For every block of neurons, the share of them that are not 0 over the choosing part.
  var activity: [(name: String, share: Double)]
  /// Whether neurons can be off at all.
  var isSparse: Bool
  var tokensPerSecond: Double?

  /// `seconds` is the time of the whole run, from opening the model to measuring what came out: that of a run which was
  /// interrupted adds up, but for what it lost.
  var json: JSON {
    .object([
      .init("model", .text(model)), .init("data", .text(set.train.name)),
      .init("labels", .array(set.labels.names.map { .text($0) })),
      .init("settings", .text(settings.fingerprint)), .init("seed", .seed(settings.seed)),
      .init("teacher", .text(ifAny: teacher)), .init("train", .integer(set.train.items.count)),
      .init("train_cut", .integer(cutCount)), .init("steps", .integer(stepsTotal)),
      .init("last_loss", .number(lastLoss ?? 0)),
      .init("choose_after_epochs", .array(history.accuracies.map { .number($0) })),
      .init("choose", choosing.json), .init("test", testing.json),
      .init("activity", .array(activity.map { .number($0.share) })),
      .init("tokens_per_second", tokensPerSecond.map(JSON.number) ?? .null),
      .init("seconds", .number(history.seconds)),
    ])
  }
}
