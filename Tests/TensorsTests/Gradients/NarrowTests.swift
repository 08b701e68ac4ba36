import Support
import Testing

@testable import Tensors

/// float32, with which models learn, follows float64, in which gradients are checked.
struct NarrowTests {
  /// The largest difference of results and gradients, both of about size 1.
  private func difference(
    _ narrow: (Tape<Float>, Variable<Float>) -> Variable<Float>,
    _ wide: (Tape<Double>, Variable<Double>) -> Variable<Double>
  ) -> Double {
    var random = SplitMix64(seed: 12)
    let numbers = (0 ..< 40 * 96).map { _ in Float(random.next() >> 40) / 0x1p24 * 6 - 3 }
    let weights = (0 ..< 40 * 96).map { _ in Float(random.next() >> 40) / 0x1p24 - 0.5 }
    func run<Number: Real>(
      _ body: (Tape<Number>, Variable<Number>) -> Variable<Number>
    ) -> [Double] {
      let tape = Tape<Number>()
      let x = tape.input(numbers.map { Number($0) }, rows: 40, columns: 96, needsGradient: true)
      let y = body(tape, x)
      let own = tape.input(
        weights.prefix(y.count).map { Number($0) },
        rows: y.rows,
        columns: y.columns
      )
      tape.backward(from: tape.total(tape.product(y, own)))
      return (y.values + (x.gradient ?? [])).map { Double($0) }
    }
    return zip(run(narrow), run(wide)).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(arguments: [0, 0.25, 0.9])
  func rSoftmax(rate: Double) {
    #expect(
      difference({ $0.rSoftmax($1, rates: [rate]) }, { $0.rSoftmax($1, rates: [rate]) }) < 1e-5
    )
  }

  @Test func tSoftmax() {
    let error = difference(
      { $0.tSoftmax($1, $0.input([1.5], rows: 1, columns: 1)) },
      { $0.tSoftmax($1, $0.input([1.5], rows: 1, columns: 1)) }
    )
    #expect(error < 1e-5)
  }

  @Test func penalties() {
    #expect(difference({ $0.hoyer($1) }, { $0.hoyer($1) }) < 1e-4)
    #expect(difference({ $0.l1($1) }, { $0.l1($1) }) < 1e-4)
    #expect(difference({ $0.excess($1, over: -1) }, { $0.excess($1, over: -1) }) < 1e-6)
    #expect(
      difference({ $0.clampedHoyer($1, floor: -1) }, { $0.clampedHoyer($1, floor: -1) }) < 1e-4
    )
  }

  @Test func turns() {
    let angles = (0 ..< 40 * 8).map { Double($0 * 37 % 100) / 16 }
    // Points of the circle without the system's functions: ((1 − t²), 2t) / (1 + t²).
    let cosines = angles.map { (1 - $0 * $0) / (1 + $0 * $0) }
    let sines = angles.map { 2 * $0 / (1 + $0 * $0) }
    let wide = Turns<Double>(positions: 40, pairs: 8, cosines: cosines, sines: sines)
    let narrow = Turns<Float>(
      positions: 40,
      pairs: 8,
      cosines: cosines.map { Float($0) },
      sines: sines.map { Float($0) }
    )
    let rows = Array(0 ..< 40)
    let error = difference(
      { $0.turned($1, by: narrow, positions: rows) },
      { $0.turned($1, by: wide, positions: rows) }
    )
    #expect(error < 1e-5)
  }
}
