/// What a run has to tell at its end of the time before it was interrupted.
struct FitHistory: Sendable, Equatable {
  /// Until it was last saved.
  var seconds = 0.0
  /// On the choosing part after every epoch but the last, in order.
  var accuracies: [Double] = []

  init() {}

  /// Reads what lies beside a saved state; one that was saved by an older program tells nothing.
  init(notes: [String: String]) {
    if let told = notes["seconds"].flatMap({ Double($0) }), told.isFinite, told >= 0 {
      seconds = told
    }
    let told = (notes["accuracies"] ?? "").split(separator: " ").map { Double($0) ?? .nan }
    if told.allSatisfy({ (0 ... 1).contains($0) }) { accuracies = told }
  }

  /// As it lies beside the state.
  var notes: [(name: String, value: String)] {
    let all = accuracies.map { "\($0)" }.joined(separator: " ")
    return [("seconds", "\(seconds)"), ("accuracies", all)]
  }
}
