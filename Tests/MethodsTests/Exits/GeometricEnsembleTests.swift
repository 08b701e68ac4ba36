import Foundation
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
}
