internal import Tensors

extension BertWeights {
  /// Decodes the weights that `shelf.check` has seen.
  init(_ shelf: WeightShelf, names: EncoderNames, configuration: BertConfiguration) {
    wordEmbedding = shelf.matrix(names.wordEmbedding)
    positionEmbedding = shelf.matrix(
      names.positionEmbedding,
      skippingRows: names.skippedPositions
    )
    typeEmbedding = configuration.typesCount > 0 ? shelf.matrix(names.typeEmbedding) : nil
    embeddingNorm = shelf.norm(names.embeddingNorm)
    layers = (0 ..< configuration.layers).map(names.at).map { names in
      BertLayer(
        query: shelf.dense(names.query),
        key: shelf.dense(names.key),
        value: shelf.dense(names.value),
        output: shelf.dense(names.output),
        attentionNorm: shelf.norm(names.attentionNorm),
        up: shelf.dense(names.up),
        down: shelf.dense(names.down),
        outputNorm: shelf.norm(names.outputNorm)
      )
    }
    pooler = configuration.hasPooler ? shelf.dense(names.pooler) : nil
    classifier = configuration.labels.isEmpty ? nil : shelf.dense(names.classifier)
  }
}

extension WeightShelf {
  fileprivate func dense(_ name: String) -> Dense {
    Dense(matrix: matrix("\(name).weight"), bias: vector("\(name).bias"))
  }

  fileprivate func norm(_ name: String) -> LayerNorm {
    LayerNorm(gain: vector("\(name).weight"), bias: vector("\(name).bias"))
  }
}
