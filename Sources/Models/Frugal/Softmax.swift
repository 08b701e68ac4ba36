internal import Foundation

/// x − log Σ exp x.
public func logSoftmax(_ scores: ArraySlice<Double>) -> [Double] {
  let most = scores.max() ?? 0
  let shift = most + log(scores.reduce(0) { $0 + exp($1 - most) })
  return scores.map { $0 - shift }
}

/// exp x / Σ exp x.
public func softmax(_ scores: ArraySlice<Double>) -> [Double] {
  let most = scores.max() ?? 0
  let weights = scores.map { exp($0 - most) }
  let sum = weights.reduce(0, +)
  return weights.map { $0 / sum }
}
