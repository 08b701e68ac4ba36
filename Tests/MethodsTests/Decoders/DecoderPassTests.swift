import Models
import Support
import Tensors
import Testing

@testable import Methods

/// The fast forward beside `LlamaReference`.
struct DecoderPassTests {
  private static let fixtures = [
    "llama-f32", "llama-wide", "llama-biased", "qwen2", "qwen3", "gpt2", "gguf-q4_1.gguf",
    "gguf-linear.gguf",
  ]

  /// The reference norms its last rows, so that a model that is cut off after a layer shows the rows there.
  @Test(arguments: fixtures)
  func everyLayerIsTheReferences(fixture: String) throws {
    let model = try TinyDecoder(fixture)
    let texts = model.texts([7, 1, 12])
    let tape = TinyDecoder.tape
    let layers = Array(0 ... model.configuration.layers)
    let found = model.pass.hidden(model.batch(texts), after: layers, tape)
    #expect(found.count == layers.count)
    for (layer, rows) in zip(layers, found) {
      var weights = model.weights
      weights.layers = Array(weights.layers.prefix(layer))
      let reference = LlamaReference(configuration: model.configuration, weights: weights)
      let expected = texts.flatMap { reference.hidden($0).values }
      let own = normed(rows, model)
      #expect(own.count == expected.count)
      let most = zip(own, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(most < 1e-4, "\(fixture), layer \(layer): \(most) apart")
    }
  }

  private func normed(_ rows: Variable<Float>, _ model: TinyDecoder) -> [Float] {
    let x = Tensor(shape: [rows.rows, rows.columns], values: rows.values)
    let (gain, epsilon) = (model.weights.finalNorm, model.configuration.rmsEpsilon)
    guard let bias = model.weights.finalNormBias else {
      return x.rmsNorm(gain: gain, epsilon: epsilon).values
    }
    return x.layerNorm(gain: gain, bias: bias, epsilon: epsilon).values
  }

  @Test func aTextIsTheSameInAnyBatch() throws {
    let model = try TinyDecoder("llama-f32")
    let (pass, tape) = (model.pass, TinyDecoder.tape)
    let texts = model.texts([5, 9, 3])
    let last = [model.configuration.layers]
    let together = pass.hidden(model.batch(texts), after: last, tape)[0].values
    let alone = texts.flatMap { pass.hidden(model.batch([$0]), after: last, tape)[0].values }
    #expect(zip(together, alone).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func chosenLayersAreThoseOfAll() throws {
    let model = try TinyDecoder("llama-f32")
    let (pass, tape) = (model.pass, TinyDecoder.tape)
    let batch = model.batch(model.texts([6]))
    let all = pass.hidden(batch, after: Array(0 ... model.configuration.layers), tape)
    let some = pass.hidden(batch, after: [0, model.configuration.layers], tape)
    #expect(some.map(\.values) == [all[0].values, all[model.configuration.layers].values])
    #expect(pass.hidden(batch, after: [], tape).isEmpty)
  }

  @Test func rowsThatStayAreAsTheyWere() throws {
    let model = try TinyDecoder("llama-f32")
    let (pass, tape) = (model.pass, TinyDecoder.tape)
    let batch = model.batch(model.texts([4, 3]))
    let x = pass.embedded(batch, tape)
    let width = model.configuration.width
    let some = pass.through(0, x, batch, going: [1, 3, 6], tape).values
    let all = pass.through(0, x, batch, tape).values
    for row in 0 ..< 7 {
      let own = row * width ..< (row + 1) * width
      let expected = [1, 3, 6].contains(row) ? all[own] : x.values[own]
      #expect(zip(some[own], expected).allSatisfy { abs($0 - $1) < 1e-5 }, "row \(row)")
    }
    #expect(pass.through(0, x, batch, going: [], tape).values == x.values)
  }

  /// A head reads rows of a root mean square of 1, and their mean so far.
  @Test func featuresAreOfOneSize() throws {
    let model = try TinyDecoder("llama-f32")
    let (pass, tape) = (model.pass, TinyDecoder.tape)
    let batch = model.batch(model.texts([5, 3]))
    let rows = pass.hidden(batch, after: [2], tape)[0]
    let features = pass.features(rows, batch, tape)
    #expect(features.rows == 8 && features.columns == pass.featureWidth)
    let (values, width) = (features.values, rows.columns)
    for (start, length) in [(0, 5), (5, 3)] {
      var sums = [Float](repeating: 0, count: width)
      for position in 0 ..< length {
        let place = (start + position) * 2 * width
        let own = values[place ..< place + width]
        let square = own.reduce(0) { $0 + $1 * $1 } / Float(width)
        #expect(abs(square - 1) < 1e-3)
        for (column, value) in own.enumerated() {
          sums[column] += value
          let mean = values[place + width + column]
          #expect(abs(mean - sums[column] / Float(position + 1)) < 1e-5)
        }
      }
    }
  }

  @Test func batchesFollowFromTheTextsAlone() throws {
    let model = try TinyDecoder("llama-f32")
    let lengths = (0 ..< 90).map { 1 + $0 * 7 % 60 }
    let texts = model.texts(lengths).map {
      TokenizedText(tokens: $0, types: [Int32](repeating: 0, count: $0.count), labels: [0])
    }
    let (pass, rounds) = (model.pass, DecoderRounds(texts))
    #expect(rounds.ranges.count > 2 && rounds.ranges.flatMap { $0 } == Array(texts.indices))
    func all(threads: Int) throws -> [[Float]] {
      var found: [[Float]] = []
      try rounds.each(
        Crew<Float>(count: threads),
        .unkept,
        "rows",
        as: .lists,
        hears: { _ in },
        { batch, tape in [pass.hidden(batch, after: [1], tape)[0].values] },
        takes: { found += $0 }
      )
      return found
    }
    #expect(try all(threads: 1) == all(threads: 3))
  }
}
