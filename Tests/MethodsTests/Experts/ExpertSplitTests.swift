import Support
import Tensors
import Testing

@testable import Methods

/// METHODS §2(e): a split is a reordering, and the experts add up to the layer.
struct ExpertSplitTests {
  private func numbers(_ count: Int, _ random: inout SplitMix64) -> [Float] {
    (0 ..< count).map { _ in Float(random.next() >> 40) / 0x1p24 - 0.5 }
  }

  private func layer(gated: Bool, _ curve: Curve, _ random: inout SplitMix64) -> FeedForwardWeights
  {
    func matrix(_ outputs: Int, _ inputs: Int) -> Matrix {
      Matrix(outputs: outputs, inputs: inputs, values: numbers(outputs * inputs, &random))
    }
    return FeedForwardWeights(
      gate: gated ? matrix(24, 10) : nil,
      up: matrix(24, 10),
      upBias: numbers(24, &random),
      down: matrix(10, 24),
      downBias: numbers(10, &random),
      curve: curve
    )
  }

  private func error(_ a: Tensor, _ b: Tensor) -> Float {
    zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(arguments: Curve.allCases, [false, true])
  func theExpertsAddUpToTheLayer(curve: Curve, gated: Bool) {
    var random = SplitMix64(seed: 1)
    let layer = layer(gated: gated, curve, &random)
    let z = Tensor(shape: [7, 10], values: numbers(70, &random))
    let split = ExpertSplit(clustering: layer, experts: 6, using: &random)
    #expect(split.size == 4 && split.experts == 6)
    let whole = layer.output(z)
    let ordered = split.permuted(layer)
    #expect(error(ordered.output(z), whole) < 1e-5)
    var sum = Tensor(zeros: [7, 10]).plus(rowOf: layer.downBias ?? [])
    let norms = split.norms(of: ordered, z)
    for expert in 0 ..< 6 {
      let output = split.expert(expert, of: layer).output(z)
      sum = sum.plus(output)
      for row in 0 ..< 7 {
        let norm = output.row(row).reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(norms.values[row * 6 + expert] - norm) < 1e-5)
      }
    }
    #expect(error(sum, whole) < 1e-5)
  }

  @Test func numbersAreMovedAndNoneChanges() {
    var random = SplitMix64(seed: 2)
    let layer = layer(gated: true, .relu, &random)
    let split = ExpertSplit(clustering: layer, experts: 4, using: &random)
    #expect(split.order.sorted() == Array(0 ..< 24))
    let ordered = split.permuted(layer)
    for (place, neuron) in split.order.enumerated() {
      #expect(ordered.gate?.row(place) == layer.gate?.row(neuron))
      #expect(ordered.up.row(place) == layer.up.row(neuron))
      #expect(ordered.upBias?[place] == layer.upBias?[neuron])
      for output in 0 ..< 10 {
        #expect(ordered.down.row(output)[place] == layer.down.row(output)[neuron])
      }
    }
    #expect(ordered.downBias == layer.downBias)
    for expert in 0 ..< 4 {
      #expect(
        Array(split.neurons(of: expert)) == Array(split.order[expert * 6 ..< (expert + 1) * 6])
      )
    }
  }

  /// With gates they are what is sparse.
  @Test func gatesDecideWhereThereAreSome() {
    var random = SplitMix64(seed: 3)
    let layer = layer(gated: true, .silu, &random)
    var other = layer
    other.up = Matrix(outputs: 24, inputs: 10, values: numbers(240, &random))
    var (one, two, three) = (SplitMix64(seed: 9), SplitMix64(seed: 9), SplitMix64(seed: 9))
    let split = ExpertSplit(clustering: layer, experts: 4, using: &one)
    #expect(ExpertSplit(clustering: other, experts: 4, using: &two) == split)
    other.gate = nil
    #expect(ExpertSplit(clustering: other, experts: 4, using: &three) != split)
  }

  @Test func aBiasLessLayerHasNone() {
    var random = SplitMix64(seed: 4)
    var layer = layer(gated: false, .gelu, &random)
    (layer.upBias, layer.downBias) = (nil, nil)
    let split = ExpertSplit(order: Array((0 ..< 24).reversed()), experts: 3)
    let ordered = split.permuted(layer)
    #expect(ordered.upBias == nil && ordered.downBias == nil)
    let z = Tensor(shape: [2, 10], values: numbers(20, &random))
    #expect(error(ordered.output(z), layer.output(z)) < 1e-5)
  }

  /// ‖f(z) − f_τ(z)‖ ≤ Σ ‖Eᵢ(z)‖ over those that do not run ≤ n · τ · max ‖Eᵢ(z)‖, with true norms for predictions.
  @Test(arguments: [0, 0.05, 0.3, 0.6, 1])
  func whatIsLeftOutBoundsTheError(tau: Double) {
    var random = SplitMix64(seed: 6)
    let layer = layer(gated: false, .relu, &random)
    let z = Tensor(shape: [9, 10], values: numbers(90, &random))
    let split = ExpertSplit(clustering: layer, experts: 8, using: &random)
    let (whole, norms) = (layer.output(z), split.norms(of: split.permuted(layer), z))
    let masks = ExpertSelection.max(tau).masks(norms.values, experts: 8)
    var outputs = (0 ..< 8).map { split.expert($0, of: layer).output(z) }
    for expert in 0 ..< 8 {
      for row in 0 ..< 9 where !masks[row * 8 + expert] {
        for column in 0 ..< 10 { outputs[expert].values[row * 10 + column] = 0 }
      }
    }
    let base = Tensor(zeros: [9, 10]).plus(rowOf: layer.downBias ?? [])
    let found = outputs.reduce(base) { $0.plus($1) }
    for row in 0 ..< 9 {
      let squares = zip(found.row(row), whole.row(row)).map { ($0 - $1) * ($0 - $1) }
      let own = norms.row(row)
      let left = (0 ..< 8).filter { !masks[row * 8 + $0] }.reduce(Float(0)) { $0 + own[$1] }
      #expect(squares.reduce(0, +).squareRoot() <= left + 1e-5)
      #expect(Double(left) <= 8 * tau * Double(own.max() ?? 0) + 1e-5)
    }
    if tau == 0 { #expect(!masks.contains(false) && error(found, whole) < 1e-5) }
    if tau == 1 { #expect(masks.count { $0 } == 9) }
  }
}
