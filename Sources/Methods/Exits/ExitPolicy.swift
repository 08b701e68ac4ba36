/// When an example leaves a model early; the last exit takes what is left.
public enum ExitPolicy: Sendable, Equatable {
  /// At the first exit whose largest probability is more than the threshold, 0...1: 0 is the first exit, 1 the last. Zero
  /// Time Waste, arXiv:2106.05409.
  case confidence(Double)
  /// At the first exit that says the same class as that many exits before it in a row, at least 1. Zhou et al., "BERT Loses
  /// Patience" (PABEE), arXiv:2006.04152.
  case patience(Int)

  /// Where one example leaves.
  ///
  /// - Parameters:
  ///   - confidences: (exits), the largest probability at each.
  ///   - classes: (exits), the most likely class at each.
  /// - Returns: `0 ..< exits`.
  public func exit(confidences: ArraySlice<Double>, classes: ArraySlice<Int>) -> Int {
    precondition(
      !classes.isEmpty && confidences.count == classes.count,
      "\(confidences.count) confidences of \(classes.count) exits"
    )
    let last = classes.count - 1
    switch self {
    case .confidence(let threshold):
      let place = confidences.firstIndex { $0 > threshold }
      return min(last, place.map { $0 - confidences.startIndex } ?? last)
    case .patience(let patience):
      precondition(patience > 0, "a patience of \(patience)")
      var agreed = 0
      for place in classes.indices.dropFirst() {
        agreed = classes[place] == classes[place - 1] ? agreed + 1 : 0
        if agreed == patience { return place - classes.startIndex }
      }
      return last
    }
  }

  /// Thresholds from 0 to 1, equally far apart.
  ///
  /// - Parameter count: at least 2.
  /// - Returns: a policy for each.
  public static func confidences(count: Int) -> [ExitPolicy] {
    precondition(count > 1, "\(count) thresholds")
    return (0 ..< count).map { .confidence(Double($0) / Double(count - 1)) }
  }

  /// Every patience that makes a difference among so many exits.
  public static func patiences(exits: Int) -> [ExitPolicy] {
    (1 ..< max(2, exits)).map { .patience($0) }
  }
}
