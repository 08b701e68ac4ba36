import Foundation
import Models
import Testing

/// Rotary frequencies and turns follow their papers.
struct RopeTests {
  private func configuration(_ scaling: RopeScaling) -> LlamaConfiguration {
    LlamaConfiguration(
      layers: 1,
      width: 8,
      heads: 1,
      keyValueHeads: 1,
      headWidth: 8,
      ffnWidth: 8,
      vocabulary: 8,
      positionsMax: 64,
      rmsEpsilon: 1e-5,
      ropeBase: 10_000,
      ropeScaling: scaling,
      tiedHead: true
    )
  }

  @Test func plainFrequenciesFallByThePowersOfTheBase() {
    #expect(ropeFrequencies(configuration(.none)) == [1, 0.1, 0.01, 0.001])
    #expect(ropeFrequencies(configuration(.linear(factor: 2))) == [0.5, 0.05, 0.005, 0.000_5])
    #expect(
      ropeFrequencies(configuration(.factors([1, 2, 4, 8]))) == [1, 0.05, 0.0025, 0.000_125]
    )
  }

  @Test func llama3KeepsHighFrequenciesAndStretchesLowOnes() {
    let scaling = RopeScaling.llama3(
      factor: 8,
      lowFrequency: 1,
      highFrequency: 4,
      originalPositions: 200
    )
    let frequencies = ropeFrequencies(configuration(scaling))
    // 200 positions make 32 turns at 1, 3.18 at 0.1, 0.318 at 0.01.
    let kept = (20 / (2 * Double.pi) - 1) / 3
    #expect(frequencies[0] == 1)
    #expect(abs(Double(frequencies[1]) - 0.1 * (kept + (1 - kept) / 8)) < 1e-8)
    #expect(frequencies[2] == 0.01 / 8)
  }

  @Test func aTurnKeepsLengthAndDependsOnDistanceAlone() {
    let table = RopeTable(configuration(.none), positions: 40)
    func turned(_ values: [Float], _ position: Int) -> [Float] {
      var result = values
      var span = result.mutableSpan
      table.turn(&span, start: 0, position: position)
      return result
    }
    let a: [Float] = [1, 2, -3, 4, 0.5, -1, 2, 1]
    let b: [Float] = [0, 1, 1, -2, 3, 1, -1, 2]
    func dot(_ x: [Float], _ y: [Float]) -> Float { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    #expect(turned(a, 0) == a)
    #expect(abs(dot(turned(a, 17), turned(a, 17)) - dot(a, a)) < 1e-4)
    let near = dot(turned(a, 9), turned(b, 4))
    let far = dot(turned(a, 35), turned(b, 30))
    #expect(abs(near - far) < 1e-3)
    // Pair 0 joins elements 0 and 4 and turns by one radian per position.
    #expect(abs(turned([1, 0, 0, 0, 0, 0, 0, 0], 1)[4] - Float(sin(1.0))) < 1e-6)
  }
}
