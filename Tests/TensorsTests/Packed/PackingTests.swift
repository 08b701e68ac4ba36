import Support
import Testing

@testable import Tensors

/// What packing keeps, what it rounds, and how parts are joined.
struct PackingTests {
  private let workers = Workers(count: 2)

  /// The largest error of a weight, as a part of the range that its scale covers.
  @Test(arguments: [
    (WeightFormat.f32, Float(0)), (.bf16, 0.004), (.int8, 0.004), (.int8Group, 0.005),
    (.int4Group, 0.035),
  ])
  func weightsComeBackWithinTheirStep(format: WeightFormat, tolerance: Float) {
    var random = SplitMix64(seed: 1)
    for (outputs, inputs) in [(1, 1), (17, 33), (40, 100)] {
      let values = numbers(outputs * inputs, &random)
      let matrix = pack([Matrix(outputs: outputs, inputs: inputs, values: values)], format)
      #expect(matrix.byteCount == matrix.tiles * format.tileBytes(inputs: inputs))
      for output in 0 ..< outputs {
        let wanted = values[output * inputs ..< (output + 1) * inputs]
        for (found, wanted) in zip(matrix.row(output), wanted) {
          #expect(abs(found - wanted) <= 2 * tolerance)
        }
      }
    }
  }

  /// Blocks of a file are held as they are: not one weight changes.
  @Test(arguments: [
    (ElementType.q8_0, WeightFormat.int8Group), (.q4_0, .int4Group), (.q4_1, .int4Group),
  ])
  func quantizedBlocksAreKept(type: ElementType, format: WeightFormat) throws {
    var random = SplitMix64(seed: 2)
    let (outputs, inputs) = (35, 96)
    let blocks = outputs * inputs / 32
    let bytes = (0 ..< blocks).flatMap { _ in
      let halves = type == .q4_1 ? 2 : 1
      // Scales and minima are small finite binary16 numbers.
      let head = (0 ..< halves).flatMap { _ -> [UInt8] in
        [
          UInt8.random(in: 0 ... 255, using: &random),
          UInt8.random(in: 0x20 ... 0x30, using: &random),
        ]
      }
      return head
        + (0 ..< type.blockBytes - head.count).map { _ in
          UInt8.random(in: 0 ... 255, using: &random)
        }
    }
    let folder = try TemporaryFolder()
    let file = try MappedFile(path: try folder.write(bytes, to: "weights"))
    let stored = Matrix(outputs: outputs, inputs: inputs, type: type, file: file, offset: 0)
    let order = (0 ..< outputs).shuffled(using: &random)
    for matrix in [stored, stored.selecting(order)] {
      let packed = pack([matrix], format)
      for row in 0 ..< outputs { #expect(packed.row(row) == matrix.row(row)) }
    }
    #expect(stored.selecting(order).row(3) == stored.row(order[3]))
  }

  @Test func partsBeginTilesAndTakeTurns() {
    var random = SplitMix64(seed: 3)
    let parts = [20, 20].map {
      Matrix(outputs: $0, inputs: 5, values: numbers($0 * 5, &random))
    }
    let joined = pack(parts, .f32)
    #expect(joined.outputs == 64)
    #expect(joined.row(19) == parts[0].row(19))
    #expect(joined.row(20) == [0, 0, 0, 0, 0])
    #expect(joined.row(32) == parts[1].row(0))
    let turns = pack(parts, .f32, interleaved: true)
    #expect(turns.row(16) == parts[1].row(0))
    #expect(turns.row(32) == parts[0].row(16))
    #expect(turns.row(48 + 3) == parts[1].row(19))
    let wide = pack([parts[0]], .int8Group, inputs: 48)
    #expect(wide.inputs == 48)
    #expect(wide.row(2)[5...].allSatisfy { $0 == 0 })
  }

  @Test func whatIsNotRunningIsNotChosen() {
    #expect(KernelSet.runnable.last?.name == "portable")
    #expect(Workers.available >= 1)
    #expect(Set(KernelSet.runnable.map(\.name)).count == KernelSet.runnable.count)
  }

  private func pack(
    _ parts: [Matrix],
    _ format: WeightFormat,
    interleaved: Bool = false,
    inputs: Int? = nil
  ) -> PackedMatrix {
    var plan = PackingPlan()
    let index = plan.add(parts, as: format, interleaved: interleaved, inputs: inputs)
    return plan.pack(workers)[index]
  }
}
