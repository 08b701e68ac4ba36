import Foundation

/// How the next token is picked from the logits.
public struct Sampling: Sendable, Equatable {
  /// Divides the logits; 0 is greedy.
  public var temperature: Float = 0
  /// Keeps the k likeliest tokens; 0 keeps all.
  public var topK = 0
  /// Keeps the smallest set whose probability reaches this.
  public var topP: Float = 1
  /// Keeps tokens at least this likely, relative to the likeliest.
  public var minP: Float = 0
  /// Makes tokens that already stand in the context less likely; 1 is off.
  public var repetitionPenalty: Float = 1
  /// Where the request's own randomness starts.
  public var seed: UInt64 = 0

  /// Starts greedy.
  public init() {}

  /// Whether the likeliest token is taken as it is.
  var isPlain: Bool { temperature == 0 && repetitionPenalty == 1 }
}

/// One request's sampler: its settings and the state of its randomness.
///
/// Filters apply in this order: repetition penalty (Keskar et al., arXiv:1909.05858), temperature,
/// top-k (Fan et al., arXiv:1805.04833), top-p (Holtzman et al., arXiv:1904.09751), min-p (Nguyen et
/// al., arXiv:2407.01082).
struct Sampler {
  let settings: Sampling
  private var randomness: SeededRandom

  init(_ settings: Sampling) {
    self.settings = settings
    randomness = SeededRandom(seed: settings.seed)
  }

  /// Picks a token.
  ///
  /// - Parameters:
  ///   - logits: (V), finite.
  ///   - seen: tokens of prompt and answer so far.
  /// - Returns: the token and ln of its probability under the unfiltered logits.
  mutating func pick(_ logits: ArraySlice<Float>, seen: Set<Int32>) -> Candidate {
    let start = logits.startIndex
    var scores = Array(logits)
    if settings.repetitionPenalty != 1 {
      for token in seen {
        let score = scores[Int(token)]
        scores[Int(token)] =
          score > 0 ? score / settings.repetitionPenalty : score * settings.repetitionPenalty
      }
    }
    let token =
      settings.temperature == 0 ? argmax(scores[...]) : draw(from: scores)
    return Candidate(
      token: Int32(token),
      logProbability: logits[start + token] - logSumExp(logits)
    )
  }

  private mutating func draw(from scores: [Float]) -> Int {
    var kept = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    if settings.topK > 0, settings.topK < kept.count { kept.removeSubrange(settings.topK...) }
    let most = Double(scores[kept[0]])
    let temperature = Double(settings.temperature)
    var weights = kept.map { exp((Double(scores[$0]) - most) / temperature) }
    if settings.topP < 1 {
      let goal = weights.reduce(0, +) * Double(settings.topP)
      var sum = 0.0
      let count =
        (weights.firstIndex {
          sum += $0; return sum >= goal
        } ?? weights.count - 1) + 1
      weights.removeSubrange(count...)
    }
    let floor = Double(settings.minP)
    let count = weights.firstIndex { $0 < floor } ?? weights.count
    weights.removeSubrange(max(count, 1)...)
    let target = randomness.unit() * weights.reduce(0, +)
    var sum = 0.0
    let place =
      weights.firstIndex {
        sum += $0; return sum > target
      } ?? weights.count - 1
    return kept[place]
  }
}

/// A small generator with 64 bits of state, the same on every machine.
///
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in 0 ..< 1 with 53 random bits.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// The index of the largest element, counted from the slice's start; the first of equals.
func argmax(_ values: ArraySlice<Float>) -> Int {
  var best = values.startIndex
  for index in values.indices where values[index] > values[best] { best = index }
  return best - values.startIndex
}

/// ln Σ exp(v), without overflow.
func logSumExp(_ values: ArraySlice<Float>) -> Float {
  let most = values.max() ?? 0
  var sum = 0.0
  for value in values { sum += Double(exp(value - most)) }
  return most + Float(log(sum))
}

/// The `count` likeliest next tokens with ln of their probabilities, best first.
func likeliest(_ count: Int, in logits: ArraySlice<Float>) -> [Candidate] {
  let total = logSumExp(logits)
  let start = logits.startIndex
  var best: [Candidate] = []
  for (index, logit) in logits.enumerated() {
    if best.count == count, let last = best.last, logit - total <= last.logProbability { continue }
    let candidate = Candidate(
      token: Int32(index),
      logProbability: logits[start + index] - total
    )
    let place =
      best.firstIndex { $0.logProbability < candidate.logProbability } ?? best.count
    best.insert(candidate, at: place)
    if best.count > count { best.removeLast() }
  }
  return best
}
