/// How the learning rate changes over a run.
public enum Schedule: Sendable, Equatable {
  /// Always the same.
  case constant
  /// Up from 0 over `warmup` steps, then down to 0 at the end, along lines.
  case linear(warmup: Int)
  /// Up from 0 over `warmup` steps along a line, then down to `floor` along half a cosine.
  case cosine(warmup: Int, floor: Double)

  /// What the learning rate is multiplied by.
  ///
  /// - Parameters:
  ///   - step: from 0.
  ///   - total: steps of the run.
  /// - Returns: 0 to 1.
  public func factor(step: Int, of total: Int) -> Double {
    switch self {
    case .constant: return 1
    case .linear(let warmup):
      if step < warmup { return Double(step) / Double(max(1, warmup)) }
      return max(0, Double(total - step) / Double(max(1, total - warmup)))
    case .cosine(let warmup, let floor):
      if step < warmup { return Double(step) / Double(max(1, warmup)) }
      let share = min(1, Double(step - warmup) / Double(max(1, total - warmup)))
      let wave: Double = 0.5 * (1 + cosineOf(Double.pi * share))
      return floor + (1 - floor) * wave
    }
  }
}
