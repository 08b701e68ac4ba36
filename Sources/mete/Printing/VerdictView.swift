import MeteClient

/// Verdicts as lines of a table that grows: the token, what it is, and what that cost.
struct VerdictView {
  /// The columns' names.
  static let head =
    "token           verdict          sure            layer   experts   cost, of dense\n"

  private var spent: (macs: UInt64, dense: UInt64) = (0, 0)
  private var last = -1
  /// The deepest layer so far: bars are drawn against it until a deeper one comes.
  private var layers = 1

  init() {}

  /// One verdict, with its line break.
  ///
  /// - Parameter verdict: Verdicts of a stream, in order; one at or before the last one's place corrects it.
  /// - Returns: A line of some eighty characters.
  mutating func line(_ verdict: Verdict) -> String {
    let isCorrection = verdict.position <= last
    last = max(last, verdict.position)
    layers = max(layers, verdict.layer)
    let macs = verdict.macs - min(spent.macs, verdict.macs)
    let dense = verdict.macsDense - min(spent.dense, verdict.macsDense)
    if !isCorrection { spent = (verdict.macs, verdict.macsDense) }
    let share = dense > 0 ? Double(macs) / Double(dense) : 1
    let word = isCorrection ? "↳ \(verdict.position)" : (verdict.text ?? "\(verdict.token)")
    let cells = [
      Self.shown(word).padded(to: 14, right: false),
      Self.cut(verdict.labels[0].name, 14).padded(to: 14, right: false),
      Self.bar(verdict.confidence, 10)
        + (100 * verdict.confidence).fixed(0).padded(to: 4, right: true) + " %",
      "\(verdict.layer)".padded(to: 5, right: true),
      (100 * verdict.experts).fixed(0).padded(to: 7, right: true) + " %",
      Self.bar(share, 10) + (100 * share).fixed(0).padded(to: 4, right: true) + " %",
    ]
    return cells.joined(separator: "  ") + "\n"
  }

  /// A share as a row of blocks.
  private static func bar(_ share: Double, _ width: Int) -> String {
    let full = Int((min(1, max(0, share)) * Double(width)).rounded())
    return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
  }

  /// A token's text on one line, without control characters.
  private static func shown(_ text: String) -> String {
    let kept = text.unicodeScalars.map { scalar -> String in
      scalar == "\n" ? "⏎" : scalar.value < 0x20 ? "·" : String(scalar)
    }
    let line = kept.joined()
    return cut(line.isEmpty ? "…" : String(line.drop { $0 == " " }), 14)
  }

  private static func cut(_ text: String, _ width: Int) -> String {
    text.count > width ? text.prefix(width - 1) + "…" : text
  }
}
