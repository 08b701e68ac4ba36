import Foundation
import Support
import Testing

@testable import Inference

struct SamplingTests {
  private let logits: [Float] = [1, 3, 2, -1, 0]

  private func frequencies(_ change: (inout Sampling) -> Void, draws: Int = 20_000) -> [Double] {
    var settings = Sampling()
    settings.temperature = 1
    settings.seed = 7
    change(&settings)
    var sampler = Sampler(settings)
    var counts = [Int](repeating: 0, count: logits.count)
    for _ in 0 ..< draws { counts[Int(sampler.pick(logits[...], seen: []).token)] += 1 }
    return counts.map { Double($0) / Double(draws) }
  }

  private func softmax(_ temperature: Double = 1) -> [Double] {
    let weights = logits.map { exp(Double($0) / temperature) }
    return weights.map { $0 / weights.reduce(0, +) }
  }

  @Test func greedyTakesTheFirstOfTheLargest() {
    var sampler = Sampler(Sampling())
    let tied: [Float] = [1, 5, 5, 0]
    #expect(sampler.pick(tied[...], seen: []).token == 1)
  }

  @Test func theLogProbabilityIsBeforeTemperatureAndFilters() {
    var settings = Sampling()
    settings.temperature = 0.1
    settings.topK = 1
    var sampler = Sampler(settings)
    let choice = sampler.pick(logits[...], seen: [])
    #expect(choice.token == 1)
    #expect(abs(Double(choice.logProbability) - log(softmax()[1])) < 1e-6)
  }

  @Test(arguments: [0.5, 1, 2])
  func drawsFollowTheSoftmax(temperature: Double) {
    let found = frequencies { $0.temperature = Float(temperature) }
    for (a, b) in zip(found, softmax(temperature)) {
      // Five standard errors of 20,000 draws.
      #expect(abs(a - b) < 5 * (b * (1 - b) / 20_000).squareRoot() + 1e-9)
    }
  }

  @Test func topKKeepsTheLikeliest() {
    let found = frequencies { $0.topK = 2 }
    #expect(found[0] == 0 && found[3] == 0 && found[4] == 0)
    #expect(abs(found[1] / found[2] - exp(1)) < 0.2)
  }

  @Test func topPKeepsTheSmallestSetThatReachesIt() {
    // Softmax is 0.087, 0.643, 0.237, 0.012, 0.032 (rounded): 0.7 needs two tokens, 0.6 one.
    #expect(frequencies { $0.topP = 0.7 }.filter { $0 > 0 }.count == 2)
    #expect(frequencies { $0.topP = 0.6 }[1] == 1)
  }

  @Test func minPIsRelativeToTheLikeliest() {
    // Relative to the likeliest: 0.135, 1, 0.368, 0.018, 0.050.
    #expect(frequencies { $0.minP = 0.3 }.filter { $0 > 0 }.count == 2)
    #expect(frequencies { $0.minP = 0.04 }.filter { $0 > 0 }.count == 4)
  }

  @Test func repetitionMakesSeenTokensLessLikelyOnBothSidesOfZero() {
    var settings = Sampling()
    settings.repetitionPenalty = 2
    var sampler = Sampler(settings)
    #expect(sampler.pick(logits[...], seen: [1]).token == 2, "3 becomes 1.5, below 2")
    let negative: [Float] = [-1, -1.5]
    #expect(sampler.pick(negative[...], seen: [0]).token == 1, "-1 becomes -2")
  }

  @Test func theSeedDecides() {
    func picks(_ seed: UInt64) -> [Int32] {
      var settings = Sampling()
      settings.temperature = 2
      settings.seed = seed
      var sampler = Sampler(settings)
      return (0 ..< 50).map { _ in sampler.pick(logits[...], seen: []).token }
    }
    #expect(picks(1) == picks(1))
    #expect(picks(1) != picks(2))
  }

  @Test(arguments: 0 ..< 30)
  func likeliestIsTheSortedHead(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let values = (0 ..< 200).map { _ in Float.random(in: -5 ... 5, using: &random) }
    let wanted = values.indices.sorted { values[$0] > values[$1] }.prefix(10)
    #expect(likeliest(10, in: values[...]).map { Int($0.token) } == Array(wanted))
  }
}

struct StopStringsTests {
  @Test(arguments: 0 ..< 200)
  func theAnswerDoesNotDependOnTheCut(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let letters = Array("ab".utf8)
    func word(_ count: Int) -> [UInt8] {
      (0 ..< count).map { _ in letters[Int.random(in: 0 ..< 2, using: &random)] }
    }
    let text = word(Int.random(in: 0 ... 30, using: &random))
    let stops = (0 ..< Int.random(in: 1 ... 3, using: &random)).map { _ in
      word(Int.random(in: 1 ... 5, using: &random))
    }
    #expect(answer(text, stops, cuts: [text.count]) == expected(text, stops))
    var cuts: [Int] = []
    while cuts.reduce(0, +) < text.count { cuts.append(Int.random(in: 1 ... 4, using: &random)) }
    #expect(answer(text, stops, cuts: cuts) == expected(text, stops))
  }

  @Test func nothingIsHeldThatCannotBeginAStop() {
    var stops = StopStrings([Array("END".utf8)])
    #expect(stops.append(Array("abE".utf8)) == .text(Array("ab".utf8)))
    #expect(stops.append(Array("x".utf8)) == .text(Array("Ex".utf8)))
    #expect(stops.append(Array("EN".utf8)) == .text([]))
    #expect(stops.finish() == Array("EN".utf8))
  }

  private func answer(_ text: [UInt8], _ strings: [[UInt8]], cuts: [Int]) -> [UInt8] {
    var stops = StopStrings(strings)
    var result: [UInt8] = []
    var rest = text[...]
    for cut in cuts {
      switch stops.append(Array(rest.prefix(cut))) {
      case .text(let text): result += text
      case .stopped(let text): return result + text
      }
      rest = rest.dropFirst(cut)
    }
    return result + stops.finish()
  }

  /// The shortest head of the text that ends in a stop string, without the longest that ends there.
  private func expected(_ text: [UInt8], _ stops: [[UInt8]]) -> [UInt8] {
    for end in 0 ... text.count {
      let found = stops.filter { text[..<end].suffix($0.count) == $0[...] }.map(\.count).max()
      if let found { return Array(text[..<(end - found)]) }
    }
    return text
  }
}
