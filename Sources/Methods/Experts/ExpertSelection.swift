/// Which experts run for a row, from what a router predicts of them.
///
/// What runs is added up with weight 1; predictions only choose. Szatkowski et al., "Exploiting Activation Sparsity with Dense
/// to Dynamic-k Mixture-of-Experts Conversion", arXiv:2310.04361.
public enum ExpertSelection: Sendable, Equatable {
  /// Every expert predicted at least τ times as strong as the strongest, τ in 0...1: 0 is all, 1 the strongest and its
  /// equals. The paper's τ; its published code counts the other way, as 1 − τ.
  case max(Double)
  /// The fewest experts, strongest first, whose share of the sum of predictions reaches τ, τ in 0...1; at least one. 1 is
  /// all. The rule of DSTI, the paper's first version.
  case share(Double)
  /// The k strongest, whatever is predicted: MoEfication, arXiv:2110.01786.
  case top(Int)
  /// The strongest, a fixed part of all in 0...1, whatever is predicted; at least one. `top` where layers have unequal
  /// numbers of experts.
  case part(Double)

  /// Picks the experts of one row.
  ///
  /// - Parameter predictions: (experts), not negative, not NaN, at least one. Where all are 0, `max` and `share` keep all:
  ///   nothing was said against any.
  /// - Returns: whether each expert runs; never none, except for `top(0)`.
  public func mask(_ predictions: ArraySlice<Float>) -> [Bool] {
    precondition(!predictions.isEmpty, "no experts")
    for prediction in predictions { precondition(prediction >= 0, "a prediction of \(prediction)") }
    let largest = predictions.reduce(0) { Swift.max($0, $1) }
    switch self {
    case .max(let tau):
      precondition(tau >= 0 && tau <= 1, "τ is \(tau)")
      return predictions.map { Double($0) >= tau * Double(largest) }
    case .share(let tau):
      precondition(tau >= 0 && tau <= 1, "τ is \(tau)")
      // Sums in floating point reach the total before the last expert, if that one is small.
      guard tau < 1 && largest > 0 else { return predictions.map { _ in true } }
      return first(predictions) { before, total in before < tau * total }
    case .top(let count):
      precondition(count >= 0 && count <= predictions.count, "\(count) of \(predictions.count)")
      return strongest(count, of: predictions)
    case .part(let share):
      precondition(share >= 0 && share <= 1, "a part of \(share)")
      let count = Int((share * Double(predictions.count)).rounded())
      return strongest(Swift.max(1, count), of: predictions)
    }
  }

  private func strongest(_ count: Int, of predictions: ArraySlice<Float>) -> [Bool] {
    var left = count
    return first(predictions, keepsOne: false) { _, _ in
      left -= 1
      return left >= 0
    }
  }

  /// As `mask`, the slice being everything.
  public func mask(_ predictions: [Float]) -> [Bool] { mask(predictions[...]) }

  /// Picks the experts of every row.
  ///
  /// - Parameters:
  ///   - predictions: (rows · experts), row after row.
  ///   - experts: at least 1.
  /// - Returns: (rows · experts).
  public func masks(_ predictions: [Float], experts: Int) -> [Bool] {
    precondition(
      experts > 0 && predictions.count % experts == 0,
      "\(predictions.count) predictions of \(experts) experts"
    )
    return stride(from: 0, to: predictions.count, by: experts).flatMap {
      mask(predictions[$0 ..< $0 + experts])
    }
  }

  /// Takes experts from the strongest down, the first of equals first, while `goesOn` says so of the sum before it and
  /// the sum of all.
  private func first(
    _ predictions: ArraySlice<Float>,
    keepsOne: Bool = true,
    while goesOn: (_ before: Double, _ total: Double) -> Bool
  ) -> [Bool] {
    let numbers = Array(predictions)
    let order = numbers.indices.sorted {
      numbers[$0] == numbers[$1] ? $0 < $1 : numbers[$0] > numbers[$1]
    }
    let total = order.reduce(0) { $0 + Double(numbers[$1]) }
    var mask = [Bool](repeating: false, count: numbers.count)
    var before = 0.0
    for (place, expert) in order.enumerated() {
      guard goesOn(before, total) || (keepsOne && place == 0) else { break }
      mask[expert] = true
      before += Double(numbers[expert])
    }
    return mask
  }
}
