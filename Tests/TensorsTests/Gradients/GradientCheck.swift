import Support
import Testing

@testable import Tensors

/// Holds gradients against central differences, in float64.
struct GradientCheck {
  /// A step that balances the error of the difference, h², and of its rounding, ε / h.
  static let step = 1e-5
  /// Of the largest gradient of an input; the difference itself is good to about 1e-10.
  static let tolerance = 1e-7

  /// A grid of random numbers that are not near 0, where some functions have a corner.
  static func grid(_ rows: Int, _ columns: Int, _ random: inout SplitMix64) -> Grid {
    Grid(
      rows: rows,
      columns: columns,
      values: (0 ..< rows * columns).map { _ in
        let size = Double(random.next() >> 11) / 0x1p53 * 1.5 + 0.1
        return random.next() & 1 == 0 ? size : -size
      }
    )
  }

  struct Grid {
    var rows: Int
    var columns: Int
    var values: [Double]
  }

  /// Checks the gradients of every input of `body`, whose result may be a grid: its elements are then weighted, so that
  /// no two of them can stand in for each other.
  static func check(
    _ grids: [Grid],
    _ body: (Tape<Double>, [Variable<Double>]) -> Variable<Double>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    func run(_ grids: [Grid], backward: Bool) -> (Double, [[Double]]) {
      let tape = Tape<Double>()
      let inputs = grids.map {
        tape.input($0.values, rows: $0.rows, columns: $0.columns, needsGradient: true)
      }
      let y = body(tape, inputs)
      let weights = tape.input(
        (0 ..< y.count).map { 1 + Double($0 * 7 % 5) / 3 },
        rows: y.rows,
        columns: y.columns
      )
      let loss = tape.total(tape.product(y, weights))
      if backward { tape.backward(from: loss) }
      return (loss.scalar, inputs.map { $0.gradient ?? [Double](repeating: 0, count: $0.count) })
    }
    let (_, gradients) = run(grids, backward: true)
    for (place, grid) in grids.enumerated() {
      let largest = gradients[place].reduce(1e-3) { max($0, abs($1)) }
      for i in grid.values.indices {
        var (up, down) = (grids, grids)
        up[place].values[i] += step
        down[place].values[i] -= step
        let difference = (run(up, backward: false).0 - run(down, backward: false).0) / (2 * step)
        let error = abs(difference - gradients[place][i]) / largest
        #expect(
          error < tolerance,
          "input \(place), element \(i): \(gradients[place][i]), by difference \(difference)",
          sourceLocation: sourceLocation
        )
      }
    }
    #expect(
      gradients.contains { $0.contains { $0 != 0 } },
      "no input has a gradient",
      sourceLocation: sourceLocation
    )
  }
}
