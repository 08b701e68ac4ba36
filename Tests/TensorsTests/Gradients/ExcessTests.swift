import Support
import Testing

@testable import Tensors

/// The penalties of METHODS §2(a) on what goes into a GELU, and cosines.
struct ExcessTests {
  private func value(
    _ numbers: [Double],
    rows: Int,
    _ body: (Tape<Double>, Variable<Double>) -> Variable<Double>
  ) -> (Double, [Double]) {
    let tape = Tape<Double>()
    let x = tape.input(numbers, rows: rows, columns: numbers.count / rows, needsGradient: true)
    let y = body(tape, x)
    tape.backward(from: y)
    return (y.scalar, x.gradient ?? [])
  }

  @Test func gradients() {
    var random = SplitMix64(seed: 1)
    let x = GradientCheck.grid(3, 6, &random)
    GradientCheck.check([x]) { $0.excess($1[0], over: -0.05) }
    GradientCheck.check([x]) { $0.clampedL1($1[0], floor: -0.05) }
    GradientCheck.check([x]) { $0.clampedHoyer($1[0], floor: -0.05) }
    GradientCheck.check([x]) { $0.clampedHoyer($1[0]) }
  }

  @Test func onlyWhatIsAboveTheFloorCounts() {
    let (sum, slopes) = value([-12, -10, -7, 1, -11, 2], rows: 2) { $0.clampedL1($1) }
    #expect(sum == (3 + 11 + 12) / 2)
    #expect(slopes == [0, 0, 0.5, 0.5, 0, 0.5])
  }

  /// 3 and 4 above the floor: the golden values of the Hoyer measure.
  @Test func theHoyerMeasureIsThatOfTheExcess() {
    let (measure, slopes) = value([-7, -6, -30], rows: 1) { $0.clampedHoyer($1) }
    #expect(measure == 1.96)
    #expect(zip(slopes, [0.0896, -0.0672, 0]).allSatisfy { abs($0 - $1) < 1e-12 })
    let (zero, none) = value([-10, -11], rows: 1) { $0.clampedHoyer($1) }
    #expect(zero == 0 && none == [0, 0])
  }

  @Test func cosines() {
    var random = SplitMix64(seed: 2)
    let (a, b) = (GradientCheck.grid(3, 5, &random), GradientCheck.grid(3, 5, &random))
    GradientCheck.check([a, b]) { $0.cosines($1[0], $1[1]) }
    GradientCheck.check([a, b]) { $0.cosineDistance($1[0], $1[1]) }
    let tape = Tape<Double>()
    let x = tape.input([3, 4, 0, 1, 0, 0, 2, 2], rows: 4, columns: 2, needsGradient: true)
    let y = tape.input([6, 8, 1, 0, 5, 5, -1, -1], rows: 4, columns: 2)
    let found = tape.cosines(x, y)
    #expect(zip(found.values, [1, 0, 0, -1]).allSatisfy { abs($0 - $1) < 1e-12 })
    let distance = tape.cosineDistance(x, y)
    #expect(abs(distance.scalar - 1) < 1e-12)
    tape.backward(from: distance)
    let slopes = x.gradient ?? []
    #expect(slopes[4] == 0 && slopes[5] == 0, "a row of zeros has no direction")
    #expect(slopes.allSatisfy { $0.isFinite })
  }

  @Test func geometricMeans() {
    var random = SplitMix64(seed: 3)
    let shapes = [(4, 3), (4, 3), (1, 2), (1, 3)]
    let grids = shapes.map { GradientCheck.grid($0.0, $0.1, &random) }
    GradientCheck.check(grids) { tape, x in
      tape.geometricMean([x[0], x[1]], logWeights: x[2], bias: x[3])
    }
  }

  @Test func additiveMeans() {
    var random = SplitMix64(seed: 4)
    let weights = [(1, 2), (1, 3)].map { GradientCheck.grid($0.0, $0.1, &random) }
    let likely = [[0.7, 0.2, 0.1, 0.3, 0.3, 0.4], [0.5, 0.4, 0.1, 0.8, 0.1, 0.1]]
    GradientCheck.check(weights) { tape, x in
      let parts = likely.map { tape.input($0, rows: 2, columns: 3) }
      return tape.additiveMean(parts, logWeights: x[0], bias: x[1])
    }
  }

  @Test func sizes() {
    var random = SplitMix64(seed: 5)
    GradientCheck.check([GradientCheck.grid(3, 4, &random)]) { tape, x in tape.size(x[0]) }
  }

  @Test func numbersRepeatBesideThemselves() {
    let tape = Tape<Double>()
    let x = tape.repeated(tape.input([1, 2, 3, 4], rows: 2, columns: 2), times: 3)
    #expect(x.values == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4])
    #expect(x.rows == 2 && x.columns == 6)
  }
}
