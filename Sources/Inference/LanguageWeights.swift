import Models
import Tensors

/// A language model's weights as the fast path reads them; constant and shared.
struct LanguageWeights: Sendable {
  struct Layer: Sendable {
    let attentionNorm: RowNorm
    /// Queries, keys and values, joined.
    let queryKeyValue: LinearMap
    /// Of those the keys and values, for rows that ask nothing.
    let keyValue: LinearMap
    /// Gains of every query head, and of every key head.
    let headNorms: (query: [Float], key: [Float])?
    let output: LinearMap
    let ffnNorm: RowNorm
    /// Gate and up, their tiles in turn; only up where the layer is plain.
    let neurons: LinearMap
    let down: LinearMap
  }

  /// One exit's head, always float32.
  struct ExitHead: Sendable {
    let norm: LayerNorm?
    let map: LinearMap
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
  /// Where a stream's tokens may leave; nil for a model that does not classify.
  let exits: TokenExits?
  /// One for each of the exits.
  let exitHeads: [ExitHead]

  /// Packs a model.
  ///
  /// - Parameters:
  ///   - configuration: its shape.
  ///   - weights: its weights.
  ///   - exits: where a stream's tokens may leave; nil for a model that does not classify.
  ///   - format: of all maps; nil keeps quantized weights as they are and makes bytes of the rest.
  ///   - workers: share the work.
  /// - Throws: `FormatError` without a path if they are packed already, and otherwise than here.
  init(
    _ configuration: LlamaConfiguration,
    _ weights: LlamaWeights,
    _ exits: TokenExits? = nil,
    format: WeightFormat?,
    workers: Workers
  ) throws(FormatError) {
    var maps = LinearMaps(wanted: format) { .serving($0.elementType ?? .f32) }
    let places = weights.layers.map { Places($0, in: &maps) }
    let head = maps.add([weights.head])
    let exitHeads = (exits?.heads ?? []).map { head in
      (head.norm, maps.add([head.map.matrix], biases: [head.map.bias], as: .f32))
    }
    let built = try maps.built(by: workers)
    self.exits = exits
    self.exitHeads = exitHeads.map { ExitHead(norm: $0.0, map: built[$0.1]) }
    self.configuration = configuration
    embedding = configuration.tiedHead ? Matrix(built[head].matrix) : weights.embedding
    positionEmbedding = weights.positionEmbedding
    let first = weights.layers[0]
    let key = LinearMaps.columns(of: first.query)
    layers = zip(weights.layers, places).map { $1.layer($0, built, keysFrom: key) }
    finalNorm = RowNorm(gain: weights.finalNorm, bias: weights.finalNormBias)
    self.head = built[head]
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

  func layer(_ layer: LlamaLayer, _ built: [LinearMap], keysFrom key: Int) -> LanguageWeights.Layer
  {
    let joined = built[queryKeyValue]
    let keyValue = LinearMap(
      matrix: joined.matrix.part(key ..< joined.matrix.outputs),
      bias: joined.bias.map { Array($0[key...]) },
      macs: (layer.key.outputs + layer.value.outputs) * layer.key.inputs
    )
    return LanguageWeights.Layer(
      attentionNorm: RowNorm(gain: layer.attentionNorm, bias: layer.attentionNormBias),
      queryKeyValue: joined,
      keyValue: keyValue,
      headNorms: layer.queryNorm.flatMap { query in layer.keyNorm.map { (query, $0) } },
      output: built[output],
      ffnNorm: RowNorm(gain: layer.ffnNorm, bias: layer.ffnNormBias),
      neurons: built[neurons],
      down: built[down]
    )
  }
}
