import Models
import Tensors

/// A language model's weights as the fast path reads them; constant and shared.
struct LanguageWeights: Sendable {
  struct Layer: Sendable {
    let attentionNorm: [Float]
    /// Queries, keys and values, joined.
    let queryKeyValue: LinearMap
    let output: LinearMap
    let ffnNorm: [Float]
    /// Gate and up, their tiles in turn.
    let gateUp: LinearMap
    let down: LinearMap
  }

  let configuration: LlamaConfiguration
  /// Rows are looked up where they lie.
  let embedding: Matrix
  let layers: [Layer]
  let finalNorm: [Float]
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
  init(
    _ configuration: LlamaConfiguration,
    _ weights: LlamaWeights,
    format: WeightFormat?,
    workers: Workers
  ) {
    var maps = LinearMaps(wanted: format) { .serving($0.elementType ?? .f32) }
    let places = weights.layers.map { layer in
      (
        maps.add([layer.query, layer.key, layer.value]),
        maps.add([layer.output]),
        maps.add([layer.gate, layer.up], interleaved: true),
        maps.add([layer.down])
      )
    }
    let head = maps.add([weights.head])
    let built = maps.built(by: workers)
    self.configuration = configuration
    embedding = configuration.tiedHead ? Matrix(built[head].matrix) : weights.embedding
    layers = zip(weights.layers, places).map { layer, place in
      Layer(
        attentionNorm: layer.attentionNorm,
        queryKeyValue: built[place.0],
        output: built[place.1],
        ffnNorm: layer.ffnNorm,
        gateUp: built[place.2],
        down: built[place.3]
      )
    }
    finalNorm = weights.finalNorm
    self.head = built[head]
    let first = weights.layers[0]
    let key = LinearMaps.columns(of: first.query)
    columns = AttentionColumns(query: 0, key: key, value: key + LinearMaps.columns(of: first.key))
  }
}
