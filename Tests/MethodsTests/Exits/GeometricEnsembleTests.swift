import Foundation
import Models
import Support
import Tensors
import Testing

@testable import Methods

/// METHODS §7(a) and (e).
struct GeometricEnsembleTests {
  private let first = [0.7, 0.2, 0.1]
  private let second = [0.5, 0.4, 0.1]

  private func logs(_ probabilities: [Double]...) -> [ArraySlice<Double>] {
    probabilities.map { $0.map { log($0) }[...] }
  }

  private func isNear(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-6) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test func goldenVectors() {
    let fresh = GeometricEnsemble(exits: 2, classes: 3)
    #expect(isNear(fresh.scores(logs(first, second)), [-0.524911, -1.262864, -2.302585]))
    #expect(isNear(fresh.probabilities(logs(first, second)), [0.607119, 0.290259, 0.102622]))
    var learned = GeometricEnsemble(logWeights: [log(2), 0], bias: [0, 0.1, -0.1])
    #expect(isNear(learned.scores(logs(first, second)), [-0.703249, -1.967583, -3.553878]))
    #expect(isNear(learned.probabilities(logs(first, second)), [0.746138, 0.210730, 0.043133]))
    learned.mean = .additive
    #expect(isNear(learned.probabilities(logs(first, second)), [0.482528, 0.317, 0.200472]))
  }

  @Test func ofOneOrOfEqualsItIsThatOne() {
    let one = GeometricEnsemble(exits: 1, classes: 3).probabilities(logs(first))
    #expect(isNear(one, first, 1e-15))
    let equal = GeometricEnsemble(exits: 3, classes: 3).probabilities(logs(second, second, second))
    #expect(isNear(equal, second, 1e-15))
  }

  @Test func freshItIsTheGeometricMean() {
    let products = zip(first, second).map { ($0 * $1).squareRoot() }
    let sum = products.reduce(0, +)
    let found = GeometricEnsemble(exits: 2, classes: 3).probabilities(logs(first, second))
    #expect(isNear(found, products.map { $0 / sum }, 1e-15))
  }

  @Test func aConstantAddedToAnExitChangesNothing() {
    let ensemble = GeometricEnsemble(logWeights: [0.3, -0.8], bias: [0.1, 0, -0.4])
    let shifted = [logs(first)[0], logs(second)[0].map { $0 + 17 }[...]]
    #expect(isNear(ensemble.scores(shifted), ensemble.scores(logs(first, second)), 1e-12))
  }

  /// v → −∞ for all others and exp(v) = m is the exit itself, so the best ensemble is never worse than it.
  @Test func itsOwnExitIsAmongTheEnsembles() {
    let own = GeometricEnsemble(logWeights: [-60, log(2)], bias: [0, 0, 0])
    #expect(isNear(own.probabilities(logs(first, second)), second, 1e-12))
  }

  @Test func laterExitsStayAsTheyAre() {
    let logits = ExitLogits(
      exits: 3,
      examples: 2,
      classes: 2,
      values: (0 ..< 12).map { Double($0 * $0 % 7) }
    )
    let joined = logits.joined(by: [
      GeometricEnsemble(exits: 1, classes: 2), GeometricEnsemble(exits: 2, classes: 2),
    ])
    for example in 0 ..< 2 {
      #expect(joined.scores(exit: 2, example: example) == logits.scores(exit: 2, example: example))
      #expect(
        isNear(
          softmax(joined.scores(exit: 0, example: example)),
          softmax(logits.scores(exit: 0, example: example)),
          1e-15
        )
      )
      let both = (0 ... 1).map { logits.scores(exit: $0, example: example) }
      let expected = GeometricEnsemble(exits: 2, classes: 2).scores(both)
      #expect(Array(joined.scores(exit: 1, example: example)) == expected)
    }
  }

  @Test func theTapeComputesTheSame() {
    let tape = Tape<Double>()
    let parts = [first, second].map { tape.input($0.map { log($0) }, rows: 1, columns: 3) }
    let found = tape.geometricMean(
      parts,
      logWeights: tape.input([log(2), 0], rows: 1, columns: 2),
      bias: tape.input([0, 0.1, -0.1], rows: 1, columns: 3)
    )
    let ensemble = GeometricEnsemble(logWeights: [log(2), 0], bias: [0, 0.1, -0.1])
    #expect(isNear(found.values, ensemble.scores(logs(first, second)), 1e-15))
  }

  /// METHODS §7(e): the exit itself is among the ensembles, so learning ends no higher than where it starts there.
  @Test func afterLearningItIsNoWorseThanItsExit() {
    var random = SplitMix64(seed: 11)
    func unit() -> Double { Double(random.next() >> 11) / 0x1p53 }
    let labels = (0 ..< 120).map { _ in Int(unit() * 3) }
    // The second exit is right more often, and both are unsure about different examples.
    let scores = [1.0, 1.6].map { strength in
      labels.flatMap { label in
        (0 ..< 3).map { unit() * 2 + ($0 == label ? strength * unit() : 0) }
      }
    }
    let logWeights = Parameter<Double>("v", rows: 1, columns: 2, values: [0, 0])
    let bias = Parameter<Double>("b", rows: 1, columns: 3, values: [0, 0, 0])
    let optimizer = AdamW([AdamW.Group([logWeights, bias])])
    @Sendable func loss(_ tape: Tape<Double>) -> Variable<Double> {
      let parts = scores.map { tape.logSoftmax(tape.input($0, rows: 120, columns: 3)) }
      let joined = tape.geometricMean(
        parts,
        logWeights: tape.variable(logWeights),
        bias: tape.variable(bias)
      )
      return tape.crossEntropy(joined, labels)
    }
    let crew = Crew<Double>(count: 1)
    for _ in 0 ..< 400 {
      crew.each { $1.backward(from: loss($1)) }
      optimizer.step(rate: 0.05, crew)
    }
    let tape = Tape<Double>()
    let own = tape.crossEntropy(tape.input(scores[1], rows: 120, columns: 3), labels)
    #expect(loss(tape).scalar < own.scalar)
    let ensemble = GeometricEnsemble(logWeights: logWeights.values, bias: bias.values)
    let beliefs = labels.indices.map { example in
      ensemble.probabilities(scores.map { $0[example * 3 ..< example * 3 + 3] })
    }
    let logs = zip(beliefs, labels).map { log($0[$1]) }
    #expect(abs(loss(tape).scalar + logs.reduce(0, +) / 120) < 1e-12, "as it is computed elsewhere")
  }
}
