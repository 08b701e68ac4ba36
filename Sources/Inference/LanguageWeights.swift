import Models
import Tensors

/// A language model's weights as the fast path reads them; constant and shared.
struct LanguageWeights: Sendable {
  struct Layer: Sendable {
    let attentionNorm: RowNorm
    /// Queries, keys and values, joined.
    let queryKeyValue: LinearMap
    /// Gains of every query head, and of every key head.
    let headNorms: (query: [Float], key: [Float])?
    let output: LinearMap
    let ffnNorm: RowNorm
    /// Gate and up, their tiles in turn; only up where the layer is plain.
    let neurons: LinearMap
    let down: LinearMap
  }

  let configuration: LlamaConfiguration
  /// Rows are looked up where they lie.
  let embedding: Matrix
  /// Added by position, where positions are learned.
  let positionEmbedding: Matrix?
  let layers: [Layer]
  let finalNorm: RowNorm
  let head: LinearMap
  /// Where queries, keys and values lie in a joined row.
  let columns: AttentionColumns

  /// Packs a model.
  ///
  /// - Parameters:
  ///   - configuration: its shape.
  ///   - weights: its weights.
  ///   - format: of all maps; nil keeps quantized weights as they are and makes bytes of the rest.
  ///   - workers: share the work.
  /// - Throws: `FormatError` without a path if they are packed already, and otherwise than here.
  init(
    _ configuration: LlamaConfiguration,
    _ weights: LlamaWeights,
    format: WeightFormat?,
    workers: Workers
  ) throws(FormatError) {
    var maps = LinearMaps(wanted: format) { .serving($0.elementType ?? .f32) }
    let places = weights.layers.map { Places($0, in: &maps) }
    let head = maps.add([weights.head])
    let built = try maps.built(by: workers)
    self.configuration = configuration
    embedding = configuration.tiedHead ? Matrix(built[head].matrix) : weights.embedding
    positionEmbedding = weights.positionEmbedding
    layers = zip(weights.layers, places).map { $1.layer($0, built) }
    finalNorm = RowNorm(gain: weights.finalNorm, bias: weights.finalNormBias)
    self.head = built[head]
    let first = weights.layers[0]
    let key = LinearMaps.columns(of: first.query)
    columns = AttentionColumns(query: 0, key: key, value: key + LinearMaps.columns(of: first.key))
  }
}

/// A norm of rows: by root mean square, or with a bias to mean 0 and variance 1.
struct RowNorm: Sendable {
  let gain: [Float]
  let bias: [Float]?
}

/// Where a layer's maps are among all of a model's.
private struct Places {
  let queryKeyValue, output, neurons, down: Int

  init(_ layer: LlamaLayer, in maps: inout LinearMaps) {
    queryKeyValue = maps.add(
      [layer.query, layer.key, layer.value],
      biases: [layer.queryBias, layer.keyBias, layer.valueBias]
    )
    output = maps.add([layer.output], biases: [layer.outputBias])
    if let gate = layer.gate {
      neurons = maps.add(
        [gate, layer.up],
        biases: [layer.gateBias, layer.upBias],
        interleaved: true
      )
      // Gates come in whole tiles, so the map after them takes as many.
      let padded = LinearMaps.columns(of: layer.up)
      down = maps.add([layer.down], biases: [layer.downBias], inputs: padded)
    } else {
      neurons = maps.add([layer.up], biases: [layer.upBias])
      down = maps.add([layer.down], biases: [layer.downBias])
    }
  }

  func layer(_ layer: LlamaLayer, _ built: [LinearMap]) -> LanguageWeights.Layer {
    LanguageWeights.Layer(
      attentionNorm: RowNorm(gain: layer.attentionNorm, bias: layer.attentionNormBias),
      queryKeyValue: built[queryKeyValue],
      headNorms: layer.queryNorm.flatMap { query in layer.keyNorm.map { (query, $0) } },
      output: built[output],
      ffnNorm: RowNorm(gain: layer.ffnNorm, bias: layer.ffnNormBias),
      neurons: built[neurons],
      down: built[down]
    )
  }
}
