import Foundation
import Support
import Testing

@testable import Tensors

/// Rotary turns, and their gradient.
struct TurnTests {
  private func turns(positions: Int, pairs: Int) -> Turns<Double> {
    let angles = (0 ..< positions).flatMap { position in
      (0 ..< pairs).map { Double(position) * pow(100, -Double($0) / Double(pairs)) }
    }
    return Turns(
      positions: positions,
      pairs: pairs,
      cosines: angles.map { cos($0) },
      sines: angles.map { sin($0) }
    )
  }

  @Test func gradients() {
    var random = SplitMix64(seed: 1)
    let turns = turns(positions: 9, pairs: 3)
    GradientCheck.check([GradientCheck.grid(4, 12, &random)]) {
      $0.turned($1[0], by: turns, positions: [0, 5, 8, 5])
    }
  }

  @Test func aPairTurnsByItsAngle() {
    let tape = Tape<Double>()
    let x = tape.input([1, 2, 0, 0, 3, 0, 4, 0], rows: 1, columns: 8)
    let turns = Turns<Double>(
      positions: 2,
      pairs: 2,
      cosines: [1, 1, 0, 1],
      sines: [0, 0, 1, 0]
    )
    #expect(tape.turned(x, by: turns, positions: [0]).values == x.values)
    // Pair 0 of either head, (1, 0) and (3, 4), turns by a quarter.
    #expect(tape.turned(x, by: turns, positions: [1]).values == [0, 2, 1, 0, -4, 0, 3, 0])
  }

  @Test func productsHangOnTheDistanceAlone() {
    var random = SplitMix64(seed: 2)
    let tape = Tape<Double>()
    let turns = turns(positions: 20, pairs: 4)
    let q = tape.input(GradientCheck.grid(1, 8, &random).values, rows: 1, columns: 8)
    let k = tape.input(GradientCheck.grid(1, 8, &random).values, rows: 1, columns: 8)
    func score(_ query: Int, _ key: Int) -> Double {
      let a = tape.turned(q, by: turns, positions: [query])
      let b = tape.turned(k, by: turns, positions: [key])
      return tape.total(tape.product(a, b)).scalar
    }
    #expect(abs(score(3, 1) - score(17, 15)) < 1e-12)
    #expect(abs(score(3, 1) - score(3, 2)) > 1e-3)
  }
}
