import Foundation
import Methods
import Models

/// What `mete heads` came to, in a few lines.
enum HeadsSummary {
  /// A line for full depth, and one for each rule that was chosen.
  ///
  /// - Parameters:
  ///   - outcome: of the run.
  ///   - path: of the folder.
  /// - Returns: lines.
  static func text(_ outcome: HeadsFit.Outcome, at path: String) -> String {
    let depth = outcome.layers.count - 1
    let full = String(
      format: "full depth     always after layer %d: %.2f %% right",
      outcome.layers[depth],
      100 * outcome.full.accuracy
    )
    return (["\(path) written", full] + outcome.rows.map { line($0, outcome.layers) })
      .joined(separator: "\n") + "\n"
  }

  private static func line(_ row: HeadsFit.Outcome.Row, _ layers: [Int]) -> String {
    let name = "\(row.method) \(row.outcome.policy.rawValue)".padding(
      toLength: 15,
      withPad: " ",
      startingAt: 0
    )
    return name
      + String(
        format: "%@: %.2f %% right, %+.2f ± %.2f points, %.1f %% of the work",
        row.outcome.rule.words(layers: layers),
        100 * row.outcome.accuracy,
        100 * row.difference.mean,
        100 * row.difference.margin,
        100 * row.outcome.macs
      )
  }
}
