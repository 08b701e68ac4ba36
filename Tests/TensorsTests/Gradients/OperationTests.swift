import Support
import Testing

@testable import Tensors

/// Every operation's gradient, by differences in float64.
struct OperationTests {
  private typealias Check = GradientCheck

  private func grids(_ shapes: (Int, Int)...) -> [GradientCheck.Grid] {
    var random = SplitMix64(seed: UInt64(shapes.count))
    return shapes.map { Check.grid($0.0, $0.1, &random) }
  }

  @Test func linear() {
    Check.check(grids((3, 4), (5, 4), (1, 5))) { $0.linear($1[0], $1[1], $1[2]) }
    Check.check(grids((3, 4), (5, 4))) { $0.linear($1[0], $1[1]) }
  }

  @Test func rowsOfATable() {
    Check.check(grids((4, 3))) { $0.rows(of: $1[0], at: [2, 0, 2, 3]) }
    Check.check(grids((6, 3))) { $0.means(of: $1[0], lengths: [1, 3, 2]) }
  }

  @Test func columns() {
    Check.check(grids((3, 2), (3, 4))) { $0.beside([$1[0], $1[1], $1[0]]) }
    Check.check(grids((3, 5))) { $0.columns(1 ..< 4, of: $1[0]) }
  }

  @Test func elements() {
    Check.check(grids((3, 4), (3, 4))) { $0.sum($1[0], $1[1]) }
    Check.check(grids((3, 4), (3, 4))) { $0.sum($1[0], $1[1], times: -0.7) }
    Check.check(grids((3, 4), (3, 4))) { $0.product($1[0], $1[1]) }
    Check.check(grids((3, 4))) { $0.product($1[0], $1[0]) }
    Check.check(grids((3, 4))) { $0.scaled($1[0], by: 2.5) }
  }

  @Test(arguments: Curve.allCases)
  func curves(curve: Curve) {
    Check.check(grids((4, 5))) { $0.curve(curve, $1[0]) }
  }

  @Test func dropoutKeepsTheMean() {
    Check.check(grids((4, 5))) { tape, x in
      tape.seed = 3
      return tape.dropout(x[0], 0.4)
    }
    let tape = Tape<Float>()
    let x = tape.input([Float](repeating: 1, count: 100_000), rows: 100, columns: 1000)
    let y = tape.dropout(x, 0.1).values
    let zeros = y.count { $0 == 0 }
    #expect(abs(zeros - 10_000) < 400, "\(zeros) of 100,000 are 0")
    #expect(y.allSatisfy { $0 == 0 || abs($0 - 1 / 0.9) < 1e-6 })
    #expect(tape.dropout(x, 0.1).values != y, "every call has its own mask")
    tape.isRecording = false
    #expect(tape.dropout(x, 0.1) === x)
  }

  @Test func norms() {
    Check.check(grids((3, 6), (1, 6), (1, 6))) {
      $0.layerNorm($1[0], gain: $1[1], bias: $1[2], epsilon: 1e-5)
    }
    Check.check(grids((3, 6), (1, 6))) { $0.rmsNorm($1[0], gain: $1[1], epsilon: 1e-5) }
  }

  @Test(arguments: [false, true])
  func attention(isCausal: Bool) {
    let layout = AttentionLayout(
      lengths: [3, 1, 4],
      heads: 4,
      keyValueHeads: 2,
      headWidth: 3,
      isCausal: isCausal
    )
    Check.check(grids((8, 12), (8, 6), (8, 6))) { $0.attention($1[0], $1[1], $1[2], layout) }
    Check.check(grids((8, 12), (8, 6), (8, 6))) { tape, x in
      tape.seed = 2
      return tape.attention(x[0], x[1], x[2], layout, dropout: 0.3)
    }
  }

  @Test func softmax() {
    Check.check(grids((3, 5))) { $0.softmax($1[0]) }
    Check.check(grids((3, 5))) { $0.logSoftmax($1[0]) }
  }

  @Test func losses() {
    Check.check(grids((3, 4))) { $0.crossEntropy($1[0], [0, 3, 1]) }
    Check.check(grids((2, 3))) { $0.binaryCrossEntropy($1[0], [0, 1, 0.5, 1, 0, 0]) }
    Check.check(grids((3, 4), (3, 4))) { $0.meanSquaredError($1[0], $1[1]) }
  }

  @Test func penalties() {
    Check.check(grids((3, 6))) { $0.hoyer($1[0]) }
    Check.check(grids((3, 6))) { $0.l1($1[0]) }
  }

  /// METHODS §2(e).
  @Test func theHoyerMeasureIsScaleInvariantAndCounts() {
    func hoyer(_ rows: [[Double]]) -> Double {
      let tape = Tape<Double>()
      let x = tape.input(rows.flatMap { $0 }, rows: rows.count, columns: rows[0].count)
      return tape.hoyer(x).scalar
    }
    #expect(hoyer([[3, 4]]) == 1.96)
    #expect(abs(hoyer([[0.5, 0.25, 0, 0]]) - 1.8) < 1e-12)
    #expect(hoyer([[0, 0, -7]]) == 1)
    #expect(hoyer([[2, 2, 2, 2, 2]]) == 5)
    #expect(hoyer([[0, 0, 0], [0, 1, 0]]) == 0.5)
    #expect(abs(hoyer([[0.1, 0.7, 0.3]]) - hoyer([[10, 70, 30]])) < 1e-12)
  }

  /// METHODS §2(a): a = (3, 4, 0).
  @Test func theHoyerGradientPushesSmallNumbersDownAndLargeOnesUp() {
    let tape = Tape<Double>()
    let x = tape.input([3, 4, 0], rows: 1, columns: 3, needsGradient: true)
    tape.backward(from: tape.hoyer(x))
    let found = x.gradient ?? []
    #expect(zip(found, [0.0896, -0.0672, 0]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(found)")
    let zeros = tape.input([0, 0], rows: 1, columns: 2, needsGradient: true)
    tape.backward(from: tape.hoyer(zeros))
    #expect(zeros.gradient == [0, 0])
  }

  @Test func float32FollowsFloat64() {
    var random = SplitMix64(seed: 9)
    let values = (0 ..< 4000).map { _ in (Double(random.next() >> 11) / 0x1p53 - 0.5) * 24 }
    let (narrow, wide) = (Tape<Float>(), Tape<Double>())
    for curve in Curve.allCases {
      let x = narrow.input(values.map { Float($0) }, rows: 40, columns: 100, needsGradient: true)
      let z = wide.input(
        values.map { Double(Float($0)) },
        rows: 40,
        columns: 100,
        needsGradient: true
      )
      let (y, w) = (narrow.curve(curve, x), wide.curve(curve, z))
      #expect(zip(y.values, w.values).allSatisfy { abs(Double($0) - $1) < 2e-6 * max(1, abs($1)) })
      narrow.backward(from: narrow.total(y))
      wide.backward(from: wide.total(w))
      let pairs = zip(x.gradient ?? [], z.gradient ?? [])
      #expect(pairs.allSatisfy { abs(Double($0) - $1) < 5e-6 }, "\(curve)")
    }
  }

  @Test func aDetachedVariablePassesNothingOn() {
    let tape = Tape<Double>()
    let x = tape.input([1, 2], rows: 1, columns: 2, needsGradient: true)
    let y = tape.product(x, tape.detached(x))
    tape.backward(from: tape.total(y))
    #expect(x.gradient == [1, 2])
  }

  @Test func aFrozenParameterHasNoGradient() {
    let tape = Tape<Double>()
    let (free, frozen) = (
      Parameter<Double>("a", rows: 1, columns: 2, values: [1, 2]),
      Parameter<Double>("b", rows: 1, columns: 2, values: [3, 4])
    )
    frozen.isFrozen = true
    let y = tape.product(tape.variable(free), tape.variable(frozen))
    tape.backward(from: tape.total(y))
    #expect(tape.gradient(of: free) == [3, 4])
    #expect(tape.gradient(of: frozen) == nil)
    frozen.isFrozen = false
    tape.clearGradients()
    tape.backward(from: tape.total(tape.product(tape.variable(free), tape.variable(frozen))))
    #expect(tape.gradient(of: frozen) == [1, 2])
  }
}
