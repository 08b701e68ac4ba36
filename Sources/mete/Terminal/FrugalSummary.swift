import Foundation
import Methods
import Models

/// What a learning pass came to, in a few lines.
enum FrugalSummary {
  /// Of `mete experts`.
  static func experts(_ result: JSON, at path: String) -> String {
    let test = result["whole"]?["test"]
    var lines = ["\(path) written"]
    lines.append("baseline  " + line(test?["baseline"]))
    lines.append("sparse    " + line(test?["sparse"]))
    if let final = result["final"], final["level"] != nil {
      let tau = final["level"]?.number ?? 0
      lines.append("experts   " + line(final) + String(format: ", τ %.3f", tau))
    } else {
      lines.append("experts   no setting stays within a point of the baseline")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Of `mete projections`.
  static func projections(_ result: JSON, at path: String) -> String {
    let test = result["whole"]?["test"]
    return """
      \(path) written
      linear    \(line(test?["linear"]))
      pairs     \(line(test?["pairs"])), before learning on

      """
  }

  /// Of `mete exits`.
  static func exits(_ result: JSON, at path: String) -> String {
    let test = result["whole"]?["test"]
    var lines = ["\(path) written"]
    lines.append("baseline  " + line(test?["baseline"]))
    lines.append("model     " + line(test?["model"]))
    for (name, title) in [("exits", "exits     "), ("together", "together  ")] {
      guard let own = result["finals"]?[name] else { continue }
      var end = String(format: ", T %.3f", own["level"]?.number ?? 0)
      if let tau = own["tau"]?.number { end += String(format: ", τ %.3f", tau) }
      lines.append(title + line(own) + end)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Of `mete experts` on a language model.
  static func languageModel(_ result: JSON, at path: String) -> String {
    var lines = ["\(path) written"]
    lines.append(String(format: "whole     perplexity %.2f", result["perplexity"]?.number ?? 0))
    for own in result["test"]?.items ?? [] where own["name"]?.text == "max" {
      lines.append(
        String(
          format:
            "τ %.3f   %.1f %% of the feed-forward layers' work, %.1f %% same token, perplexity %.2f",
          own["level"]?.number ?? 0,
          100 * (own["ffn_share"]?.number ?? 0),
          100 * (own["agreement"]?.number ?? 0),
          own["perplexity"]?.number ?? 0
        )
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func line(_ measured: JSON?) -> String {
    func number(_ json: JSON?) -> Double { json?.number ?? .nan }
    let measured = measured ?? .null
    var line = String(
      format: "%.2f %% ± %.2f, %.1f %% of the work",
      100 * number(measured["accuracy"]),
      100 * number(measured["margin_95"]),
      100 * number(measured["macs_share"])
    )
    if let share = measured["ffn_share"]?.number {
      line += String(format: ", %.1f %% of the feed-forward layers'", 100 * share)
    }
    if let difference = measured["difference"] {
      line += String(
        format: "; %+.2f ± %.2f points",
        number(difference["points"]),
        number(difference["margin_95"])
      )
    }
    return line
  }
}

extension ProgressBar {
  /// Shows how far a learning pass is.
  func show(_ progress: FrugalProgress) {
    total = progress.stepsTotal
    note = "\(progress.what), \(progress.step) of \(progress.stepsTotal)"
    if let loss = progress.loss { note += String(format: ", loss %.4f", loss) }
    if let rate = progress.tokensPerSecond { note += String(format: ", %.0f tokens/s", rate) }
    show(progress.step)
  }
}
