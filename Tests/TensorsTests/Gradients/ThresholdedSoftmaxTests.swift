import Support
import Testing

@testable import Tensors

/// METHODS §3: golden vectors, oracles and gradients of t-softmax and r-softmax.
struct ThresholdedSoftmaxTests {
  private typealias Check = GradientCheck

  private func rSoftmax(_ rows: [[Double]], _ rates: [Double]) -> [[Double]] {
    let tape = Tape<Double>()
    let width = rows[0].count
    let x = tape.input(rows.flatMap { $0 }, rows: rows.count, columns: width)
    let y = tape.rSoftmax(x, rates: rates).values
    return rows.indices.map { Array(y[$0 * width ..< ($0 + 1) * width]) }
  }

  private func tSoftmax(_ row: [Double], _ t: Double) -> [Double] {
    let tape = Tape<Double>()
    let x = tape.input(row, rows: 1, columns: row.count)
    return tape.tSoftmax(x, tape.input([t], rows: 1, columns: 1)).values
  }

  private func softmax(_ row: [Double]) -> [Double] {
    let tape = Tape<Double>()
    return tape.softmax(tape.input(row, rows: 1, columns: row.count)).values
  }

  private func random(_ count: Int, _ generator: inout SplitMix64) -> [Double] {
    (0 ..< count).map { _ in Double(generator.next() >> 11) / 0x1p53 * 6 - 3 }
  }

  private func isNear(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-6) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test func goldenVectorsOfTheThreshold() {
    let x: [Double] = [2, 1, 0, -1]
    #expect(isNear(tSoftmax(x, 1.5), [0.890768, 0.109232, 0, 0]))
    #expect(isNear(tSoftmax(x, 2), [0.844638, 0.155362, 0, 0]))
    #expect(isNear(tSoftmax(x, 3), [0.774975, 0.190065, 0.034960, 0]))
    #expect(isNear(tSoftmax(x, 10), [0.678329, 0.224589, 0.073441, 0.023640]))
  }

  @Test(
    arguments: [
      (0.0, [0.643914, 0.236883, 0.087144, 0.032059]), (0.25, [0.774975, 0.190065, 0.034960, 0]),
      (0.5, [0.844638, 0.155362, 0, 0]), (0.75, [1, 0, 0, 0]), (1, [1, 0, 0, 0]),
    ] as [(Double, [Double])]
  )
  func goldenVectorsOfTheRate(rate: Double, expected: [Double]) {
    #expect(isNear(rSoftmax([[2, 1, 0, -1]], [rate])[0], expected))
  }

  @Test func equalNumbersShare() {
    #expect(rSoftmax([[4, 6, 6, 5]], [0.5])[0] == [0, 0.5, 0.5, 0])
    #expect(rSoftmax([[4, 6, 6, 5]], [0.75])[0] == [0, 0.5, 0.5, 0])
    #expect(rSoftmax([[4, 6, 6, 5]], [1])[0] == [0, 0.5, 0.5, 0])
    #expect(rSoftmax([[3, 2, 1, 1]], [0.75])[0] == [1, 0, 0, 0])
    for rate in [0, 0.3, 1] {
      #expect(rSoftmax([[0, 0, 0, 0]], [rate])[0] == [0.25, 0.25, 0.25, 0.25])
    }
  }

  @Test func aRateOf0IsSoftmaxAndSoIsAFarThreshold() {
    var generator = SplitMix64(seed: 2)
    for _ in 0 ..< 20 {
      let x = random(9, &generator)
      #expect(isNear(rSoftmax([x], [0])[0], softmax(x), 1e-15))
      #expect(isNear(tSoftmax(x, .infinity), softmax(x), 1e-15))
      #expect(isNear(tSoftmax(x, 1e4), softmax(x), 1e-4))
      let gap = x.sorted()[8] - x.sorted()[7]
      #expect(tSoftmax(x, gap * 0.99).sorted() == [0, 0, 0, 0, 0, 0, 0, 0, 1])
    }
  }

  /// In float32, where rounding could move what lies on the threshold.
  @Test(arguments: [0, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.9])
  func asManyZerosAsTheRateSays(rate: Double) {
    var generator = SplitMix64(seed: 3)
    let tape = Tape<Float>()
    tape.isRecording = false
    let (rows, width) = (1750, 10)
    let numbers = random(rows * width, &generator).map { Float($0) }
    let x = tape.input(numbers, rows: rows, columns: width)
    let y = tape.rSoftmax(x, rates: [rate]).values
    let expected = Int((rate * Double(width) - 1e-9).rounded(.up))
    for row in 0 ..< rows {
      let (input, output) = (
        numbers[row * width ..< (row + 1) * width], y[row * width ..< (row + 1) * width]
      )
      #expect(output.count { $0 == 0 } == expected)
      #expect(abs(output.reduce(0, +) - 1) < 1e-6)
      let order = zip(input, output).sorted { $0.0 < $1.0 }.map(\.1)
      #expect(order == order.sorted() && order.allSatisfy { $0 >= 0 })
    }
  }

  @Test func theSupportShrinksAsTheRateGrows() {
    var generator = SplitMix64(seed: 4)
    for _ in 0 ..< 20 {
      let x = random(12, &generator)
      var before = [Bool](repeating: true, count: 12)
      for step in 0 ... 40 {
        let support = rSoftmax([x], [Double(step) / 40])[0].map { $0 > 0 }
        #expect(zip(support, before).allSatisfy { !$0 || $1 })
        #expect(support.contains(true))
        before = support
      }
    }
  }

  @Test func shiftedAndReorderedNumbersGiveTheSame() {
    var generator = SplitMix64(seed: 5)
    let x = random(8, &generator)
    let y = rSoftmax([x], [0.4])[0]
    #expect(isNear(rSoftmax([x.map { $0 + 64 }], [0.4])[0], y, 1e-12))
    #expect(Array(rSoftmax([x.reversed()], [0.4])[0].reversed()) == y)
    let other = random(8, &generator)
    #expect(rSoftmax([x, other], [0.4, 0.7]) == [y, rSoftmax([other], [0.7])[0]])
    let sorted = x.sorted()
    #expect(isNear(tSoftmax(x, sorted[7] - sorted[3]), y, 1e-15), "⌈0.4 · 8⌉ = 4")
  }

  /// r is the share of all numbers, hidden ones among them.
  @Test func whatIsHiddenStaysHiddenAndCounts() {
    let hidden = -Double.infinity
    let x: [Double] = [1, hidden, 0.5, 2, hidden, -1, 0, 1.5]
    for rate in [0, 0.25, 0.5, 0.75] {
      let y = rSoftmax([x], [rate])[0]
      #expect(y[1] == 0 && y[4] == 0)
      #expect(y.count { $0 == 0 } == max(2, Int(rate * 8)))
      #expect(abs(y.reduce(0, +) - 1) < 1e-12)
    }
    #expect(isNear(rSoftmax([x], [0.25])[0], softmax(x), 1e-15))
  }

  @Test(arguments: [0.4, 1.1, 2.7, 8])
  func gradientsOfTheThreshold(t: Double) {
    var generator = SplitMix64(seed: 6)
    let x = Check.grid(4, 6, &generator)
    let each = Check.Grid(rows: 4, columns: 1, values: [t, t * 1.1, t * 0.8, t * 1.3])
    Check.check([x, each]) { $0.tSoftmax($1[0], $1[1]) }
    Check.check([x, Check.Grid(rows: 1, columns: 1, values: [t])]) { $0.tSoftmax($1[0], $1[1]) }
  }

  @Test(arguments: [0, 0.2, 0.5, 0.6])
  func gradientsOfTheRate(rate: Double) {
    var generator = SplitMix64(seed: 7)
    Check.check([Check.grid(5, 6, &generator)]) { $0.rSoftmax($1[0], rates: [rate]) }
    Check.check([Check.grid(2, 7, &generator)]) { $0.rSoftmax($1[0], rates: [rate, rate / 2]) }
  }

  @Test func aFixedThresholdHasTheGradientOfAConstant() {
    var generator = SplitMix64(seed: 8)
    let numbers = random(8, &generator)
    let weights = random(8, &generator)
    let sorted = numbers.sorted()
    func gradient(_ body: (Tape<Double>, Variable<Double>) -> Variable<Double>) -> [Double] {
      let tape = Tape<Double>()
      let x = tape.input(numbers, rows: 1, columns: 8, needsGradient: true)
      let loss = tape.product(body(tape, x), tape.input(weights, rows: 1, columns: 8))
      tape.backward(from: tape.total(loss))
      return x.gradient ?? []
    }
    let fixed = gradient { $0.rSoftmax($1, rates: [0.5], isThresholdFixed: true) }
    let constant = gradient { tape, x in
      tape.tSoftmax(x, tape.input([sorted[7] - sorted[3]], rows: 1, columns: 1))
    }
    #expect(fixed == constant)
    #expect(fixed != gradient { $0.rSoftmax($1, rates: [0.5]) })
    #expect(abs(fixed.reduce(0, +)) < 1e-12, "a shift changes nothing")
  }
}
