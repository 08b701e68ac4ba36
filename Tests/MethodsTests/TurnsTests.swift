import Models
import Support
import Tensors
import Testing

@testable import Methods

/// The tape turns heads as the reference forward does.
struct TurnsTests {
  @Test func theTapeTurnsAsTheReference() {
    let configuration = LlamaConfiguration(
      layers: 1,
      width: 24,
      heads: 3,
      keyValueHeads: 3,
      headWidth: 8,
      ffnWidth: 8,
      vocabulary: 8,
      positionsMax: 64,
      rmsEpsilon: 1e-5,
      ropeBase: 10_000,
      ropeScaling: .none,
      tiedHead: true
    )
    let table = RopeTable(configuration, positions: 40)
    var random = SplitMix64(seed: 1)
    let numbers = (0 ..< 3 * 24).map { _ in Float(random.next() >> 40) / 0x1p24 - 0.5 }
    let positions = [0, 7, 39]
    var expected = numbers
    var span = expected.mutableSpan
    for (row, position) in positions.enumerated() {
      for head in 0 ..< 3 { table.turn(&span, start: row * 24 + head * 8, position: position) }
    }
    let tape = Tape<Float>()
    let x = tape.input(numbers, rows: 3, columns: 24)
    #expect(tape.turned(x, by: Turns(table), positions: positions).values == expected)
  }
}
