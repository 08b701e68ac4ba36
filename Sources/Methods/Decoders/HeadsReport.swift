import Models

/// What `fit.json` says about taught heads.
struct HeadsReport {
  /// Texts and tokens of the parts.
  struct Counts: Sendable {
    var train: Int
    var trainTokens: Int
    var trainCut: Int
    var trainLeftOut: Int
    var choose: Int
    var test: Int
    var testLeftOut: Int
  }

  var model: String
  var modelSHA256: String
  /// As `LearningSet` names it.
  var data: String
  var labels: [String]
  var exits: [Int]
  var counts: Counts
  var settings: HeadSettings
  var cacheBytes: Int
  var choosing: HeadsExaminer.Examined
  var chooseLabels: [Int]
  var testing: HeadsExaminer.Examined
  var testLabels: [Int]
  var testTexts: [String]
  var curve: [PolicyOutcome]
  var plainCurve: [PolicyOutcome]
  /// Full depth on test.
  var full: PolicyOutcome
  var rows: [HeadsFit.Outcome.Row]
  var seconds: Double

  var json: JSON {
    .object([
      .init("model", text(model)), .init("model_sha256", text(modelSHA256)),
      .init("data", text(data)), .init("labels", .array(labels.map(text))),
      .init("settings", settings.json),
      .init("counts", counts.json), .init("cache_bytes", .integer(cacheBytes)),
      .init("seconds", .number(seconds.rounded())),
      .init("shares_of_text", .array(PolicyOutcome.shares.map { .number($0) })),
      .init("choose_exits", perExit(choosing, chooseLabels)),
      .init("test_exits", perExit(testing, testLabels)),
      .init("choose_curve", .array(points(curve))),
      .init("choose_curve_sdn", .array(points(plainCurve))),
      .init("test_full_depth", full.json), .init("test_policies", .array(rows.map(line))),
    ])
  }

  /// Accuracy of each exit by itself after shares of the text, if all tokens left there.
  private func perExit(_ examined: HeadsExaminer.Examined, _ labels: [Int]) -> JSON {
    .array(
      exits.indices.map { exit in
        func accuracies(_ verdicts: ExitVerdicts) -> JSON {
          .array(
            PolicyOutcome.shares.map { share in
              let isRight = verdicts.exits[exit].isRight(labels, after: share)
              return .number(PolicyOutcome.share(isRight))
            }
          )
        }
        return .object([
          .init("layer", .integer(exits[exit])),
          .init("ztw_accuracy_after", accuracies(examined.joined)),
          .init("sdn_accuracy_after", accuracies(examined.plain)),
        ])
      }
    )
  }

  private func points(_ curve: [PolicyOutcome]) -> [JSON] {
    curve.map { point in
      .object(
        [.init("policy", text(point.policy.rawValue))] + point.rule.members(layers: exits)
          + (point.json.members ?? [])
      )
    }
  }

  private func line(_ row: HeadsFit.Outcome.Row) -> JSON {
    .object(
      [.init("method", text(row.method)), .init("policy", text(row.outcome.policy.rawValue))]
        + row.outcome.rule.members(layers: exits)
        + [.init("minus_full_depth", row.difference.json)] + (row.outcome.json.members ?? [])
    )
  }

  private func text(_ text: String) -> JSON { .string(Array(text.utf8)) }
}

extension ExitRule {
  /// As reports and folders hold it, the first exit by its layer: places of exits mean nothing to who sees them alone.
  func members(layers: [Int]) -> [JSON.Member] {
    [.init("threshold", .number(threshold)), .init("first_exit", .integer(layers[first]))]
  }
}

extension HeadsReport.Counts {
  var json: JSON {
    .object([
      .init("train", .integer(train)), .init("train_tokens", .integer(trainTokens)),
      .init("train_cut", .integer(trainCut)), .init("train_left_out", .integer(trainLeftOut)),
      .init("choose", .integer(choose)), .init("test", .integer(test)),
      .init("test_left_out", .integer(testLeftOut)),
    ])
  }
}

extension HeadSettings {
  /// As reports hold it.
  var json: JSON {
    .object([
      .init("epochs", .integer(epochs)), .init("batch", .integer(batch)),
      .init("rate", .number(rate)), .init("decay", .number(decay)),
      .init("ensemble_epochs", .integer(ensembleEpochs)),
      .init("ensemble_rate", .number(ensembleRate)),
      .init("weighting", .string(Array(weighting.rawValue.utf8))),
      .init("tokens_max", .integer(tokensMax)),
      .init("thresholds", .array(thresholds.map { .number($0) })),
      .init("loss", .number(loss)), .init("seed", .integer(Int(truncatingIfNeeded: seed))),
      .init("threads", .integer(threads)),
    ])
  }
}
