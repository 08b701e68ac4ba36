import Support
import Testing

@testable import Tensors

/// Rows that are put back, numbers in another grid, and means of rows so far.
struct PlacesTests {
  private func grids(_ shapes: (Int, Int)...) -> [GradientCheck.Grid] {
    var random = SplitMix64(seed: 9)
    return shapes.map { GradientCheck.grid($0.0, $0.1, &random) }
  }

  @Test func gradients() {
    GradientCheck.check(grids((2, 3), (4, 3))) { $0.placed($1[0], at: [3, 1], in: $1[1]) }
    GradientCheck.check(grids((3, 4))) { $0.reshaped($1[0], rows: 6) }
    GradientCheck.check(grids((6, 2))) { $0.runningMeans(of: $1[0], lengths: [3, 0, 1, 2]) }
  }

  @Test func meansAreOfTheRowsSoFar() {
    let tape = Tape<Double>()
    let x = tape.input([2, 4, 9, 5, 7], rows: 5, columns: 1)
    #expect(tape.runningMeans(of: x, lengths: [3, 0, 2]).values == [2, 3, 5, 5, 6])
  }

  @Test func rowsComeBackWhereTheyWere() {
    let tape = Tape<Double>()
    let x = tape.input([1, 2, 3, 4, 5, 6], rows: 3, columns: 2)
    let taken = tape.rows(of: x, at: [0, 2])
    #expect(tape.placed(taken, at: [0, 2], in: x).values == x.values)
    let other = tape.input([7, 8], rows: 1, columns: 2)
    #expect(tape.placed(other, at: [1], in: x).values == [1, 2, 7, 8, 5, 6])
    let none = tape.rows(of: x, at: [])
    #expect(tape.placed(none, at: [], in: x).values == x.values)
  }
}
