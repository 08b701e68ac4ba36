import Models
import Tensors

/// An encoder's weights as the fast path reads them; constant and shared.
struct EncoderWeights: Sendable {
  struct Layer: Sendable {
    /// Queries, keys and values, joined.
    let queryKeyValue: LinearMap
    let output: LinearMap
    let attentionNorm: LayerNorm
    let up: LinearMap
    let down: LinearMap
    let outputNorm: LayerNorm
  }

  let configuration: BertConfiguration
  /// Tables and norms are read as they are.
  let model: BertWeights
  let layers: [Layer]
  /// Always float32: they are small and decide.
  let pooler: LinearMap?
  let classifier: LinearMap?
  let columns: AttentionColumns

  /// Packs a model.
  ///
  /// - Parameters:
  ///   - configuration: its shape.
  ///   - weights: its weights.
  ///   - format: of all maps but the head's; nil is bytes with a scale for every 32 inputs,
  ///     since a scale for each row of activations moves embeddings too far (docs/BENCHMARKS.md, "Accuracy").
  ///     The output of attention alone could do without, but is too little of the work to gain by it
  ///     (docs/decisions/0010-our-own-kernels.md).
  ///   - workers: share the work.
  /// - Throws: `FormatError` without a path if they are packed already, and otherwise than here.
  init(
    _ configuration: BertConfiguration,
    _ weights: BertWeights,
    format: WeightFormat?,
    workers: Workers
  ) throws(FormatError) {
    var maps = LinearMaps(wanted: format) { _ in .int8Group }
    func add(_ parts: [Dense], as format: WeightFormat? = nil) -> Int {
      maps.add(parts.map(\.matrix), biases: parts.map(\.bias), as: format)
    }
    let places = weights.layers.map { layer in
      (
        add([layer.query, layer.key, layer.value]), add([layer.output]), add([layer.up]),
        add([layer.down])
      )
    }
    let pooler = weights.pooler.map { add([$0], as: .f32) }
    let classifier = weights.classifier.map { add([$0], as: .f32) }
    let built = try maps.built(by: workers)
    self.configuration = configuration
    model = weights
    layers = zip(weights.layers, places).map { layer, place in
      Layer(
        queryKeyValue: built[place.0],
        output: built[place.1],
        attentionNorm: layer.attentionNorm,
        up: built[place.2],
        down: built[place.3],
        outputNorm: layer.outputNorm
      )
    }
    self.pooler = pooler.map { built[$0] }
    self.classifier = classifier.map { built[$0] }
    let width = (configuration.width + 15) / 16 * 16
    columns = AttentionColumns(query: 0, key: width, value: 2 * width)
  }
}
