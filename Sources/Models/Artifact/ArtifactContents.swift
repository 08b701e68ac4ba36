public import Tensors

/// All weights of a model as an artifact holds them: packed maps, tables whose rows are looked up, and vectors.
public struct ArtifactContents: Sendable {
  /// The packed maps of one layer of a language model.
  public typealias DecoderMaps = (
    queryKeyValue: PackedMatrix, output: PackedMatrix, neurons: PackedMatrix, down: PackedMatrix
  )
  /// The packed maps of one layer of an encoder.
  public typealias EncoderMaps = (
    queryKeyValue: PackedMatrix, output: PackedMatrix, up: PackedMatrix, down: PackedMatrix
  )

  private(set) var maps: [(map: PackedMap, matrix: PackedMatrix)] = []
  private(set) var tables: [(name: String, matrix: Matrix)] = []
  private(set) var vectors: [(name: String, values: [Float])] = []

  /// Bytes of all of it.
  public var byteCount: Int {
    maps.reduce(0) { $0 + $1.map.byteCount } + vectors.reduce(0) { $0 + 4 * $1.values.count }
      + tables.reduce(0) { $0 + $1.matrix.storedByteCount }
  }

  /// The weights of a language model.
  ///
  /// - Parameters:
  ///   - configuration: its shape.
  ///   - weights: its weights.
  ///   - layers: its packed maps.
  ///   - head: its packed head.
  public init(
    _ configuration: LlamaConfiguration,
    _ weights: LlamaWeights,
    layers: [DecoderMaps],
    head: PackedMatrix
  ) {
    let names = DecoderNames.gguf
    if configuration.tiedHead {
      add(names.embedding, head, [(names.embedding, weights.embedding)])
    } else {
      add(names.head, head, [(names.head, weights.head)])
      tables.append((names.embedding, weights.embedding))
    }
    if let table = weights.positionEmbedding { tables.append((names.positionEmbedding, table)) }
    for (index, layer) in weights.layers.enumerated() {
      add(layer, layers[index], "blk.\(index)", names.at(layer: index))
    }
    add("\(names.finalNorm).weight", weights.finalNorm)
    add("\(names.finalNorm).bias", weights.finalNormBias)
    // In a GGUF file they are a tensor; elsewhere they follow from the settings.
    if case .factors(let factors) = configuration.ropeScaling { add("rope_freqs.weight", factors) }
  }

  /// The weights of an encoder.
  ///
  /// - Parameters:
  ///   - weights: its weights.
  ///   - layers: its packed maps.
  ///   - pooler: its packed pooler, if it has one.
  ///   - classifier: its packed classifier, if it has one.
  public init(
    _ weights: BertWeights,
    layers: [EncoderMaps],
    pooler: PackedMatrix?,
    classifier: PackedMatrix?
  ) {
    let names = EncoderNames.artifact
    tables.append((names.wordEmbedding, weights.wordEmbedding))
    tables.append((names.positionEmbedding, weights.positionEmbedding))
    if let table = weights.typeEmbedding { tables.append((names.typeEmbedding, table)) }
    add(names.embeddingNorm, weights.embeddingNorm)
    for (index, layer) in weights.layers.enumerated() {
      add(layer, layers[index], "encoder.layer.\(index)", names.at(layer: index))
    }
    if let pooler, let dense = weights.pooler { add(pooler, [(names.pooler, dense)]) }
    if let classifier, let dense = weights.classifier {
      add(classifier, [(names.classifier, dense)])
    }
  }
}

extension ArtifactContents {
  private mutating func add(
    _ name: String,
    _ matrix: PackedMatrix,
    interleaved: Bool = false,
    _ parts: [(String, Matrix)]
  ) {
    maps.append((PackedMap(name, matrix, isInterleaved: interleaved, parts: parts), matrix))
  }

  private mutating func add(_ name: String, _ vector: [Float]?) {
    if let vector { vectors.append((name, vector)) }
  }

  private mutating func add(_ name: String, _ norm: LayerNorm) {
    add("\(name).weight", norm.gain)
    add("\(name).bias", norm.bias)
  }

  /// Linear maps that were joined, with their biases; one alone gives the map its name.
  private mutating func add(
    _ matrix: PackedMatrix,
    joined name: String? = nil,
    _ parts: [(name: String, dense: Dense)]
  ) {
    let named = parts.map { ("\($0.name).weight", $0.dense.matrix) }
    add(name ?? named[0].0, matrix, named)
    for part in parts { add("\(part.name).bias", part.dense.bias) }
  }

  private mutating func add(
    _ layer: BertLayer,
    _ maps: EncoderMaps,
    _ prefix: String,
    _ names: EncoderNames
  ) {
    add(
      maps.queryKeyValue,
      joined: "\(prefix).query_key_value",
      [(names.query, layer.query), (names.key, layer.key), (names.value, layer.value)]
    )
    add(maps.output, [(names.output, layer.output)])
    add(maps.up, [(names.up, layer.up)])
    add(maps.down, [(names.down, layer.down)])
    add(names.attentionNorm, layer.attentionNorm)
    add(names.outputNorm, layer.outputNorm)
  }

  private mutating func add(
    _ layer: LlamaLayer,
    _ maps: DecoderMaps,
    _ prefix: String,
    _ names: DecoderNames
  ) {
    let (query, key, value) = (names.query, names.key, names.value)
    add(
      "\(prefix).query_key_value",
      maps.queryKeyValue,
      [
        ("\(query).weight", layer.query), ("\(key).weight", layer.key),
        ("\(value).weight", layer.value),
      ]
    )
    add("\(names.output).weight", maps.output, [("\(names.output).weight", layer.output)])
    let up = ("\(names.up).weight", layer.up)
    if let gate = layer.gate {
      let parts = [("\(names.gate).weight", gate), up]
      add("\(prefix).gate_up", maps.neurons, interleaved: true, parts)
    } else {
      add(up.0, maps.neurons, [up])
    }
    add("\(names.down).weight", maps.down, [("\(names.down).weight", layer.down)])
    for (name, bias) in [
      (query, layer.queryBias), (key, layer.keyBias), (value, layer.valueBias),
      (names.output, layer.outputBias), (names.gate, layer.gateBias), (names.up, layer.upBias),
      (names.down, layer.downBias), (names.attentionNorm, layer.attentionNormBias),
      (names.ffnNorm, layer.ffnNormBias),
    ] { add("\(name).bias", bias) }
    for (name, gain) in [
      (names.attentionNorm, layer.attentionNorm), (names.ffnNorm, layer.ffnNorm),
      (names.queryNorm, layer.queryNorm), (names.keyNorm, layer.keyNorm),
    ] { add("\(name).weight", gain) }
  }
}
