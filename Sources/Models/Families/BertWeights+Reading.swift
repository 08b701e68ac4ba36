internal import Tensors

/// How Hugging Face names the tensors of a BERT encoder.
struct BertNames {
  /// `bert.` where the encoder was saved with a head, else nothing.
  let prefix: String

  init(_ shelf: WeightShelf) {
    prefix = shelf.contains("bert.embeddings.word_embeddings.weight") ? "bert." : ""
  }

  var pooler: String { "\(prefix)pooler.dense" }
  var classifier: String { "classifier" }
  func embedding(_ name: String) -> String { "\(prefix)embeddings.\(name)" }
  func layer(_ index: Int) -> String { "\(prefix)encoder.layer.\(index)." }

  /// Counted positions and segments, which some versions save with the weights.
  func isBuffer(_ name: String) -> Bool {
    name == embedding("position_ids") || name == embedding("token_type_ids")
  }

  /// Every tensor that `configuration` calls for.
  func requirements(_ configuration: BertConfiguration) -> [WeightShelf.Requirement] {
    let width = configuration.width
    var all: [(String, [Int])] = [
      (embedding("word_embeddings.weight"), [configuration.vocabulary, width]),
      (embedding("position_embeddings.weight"), [configuration.positionsMax, width]),
      (embedding("token_type_embeddings.weight"), [configuration.typesCount, width]),
    ]
    func norm(_ name: String) {
      all += [("\(name).weight", [width]), ("\(name).bias", [width])]
    }
    func dense(_ name: String, _ outputs: Int, _ inputs: Int) {
      all += [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
    }
    norm(embedding("LayerNorm"))
    for layer in (0 ..< configuration.layers).map(layer) {
      for part in ["self.query", "self.key", "self.value", "output.dense"] {
        dense("\(layer)attention.\(part)", width, width)
      }
      norm("\(layer)attention.output.LayerNorm")
      dense("\(layer)intermediate.dense", configuration.ffnWidth, width)
      dense("\(layer)output.dense", width, configuration.ffnWidth)
      norm("\(layer)output.LayerNorm")
    }
    if configuration.hasPooler { dense(pooler, width, width) }
    if !configuration.labels.isEmpty { dense(classifier, configuration.labels.count, width) }
    return all.map { WeightShelf.Requirement(name: $0.0, shape: $0.1) }
  }
}

extension BertWeights {
  /// Decodes the weights that `shelf.check` has seen.
  init(_ shelf: WeightShelf, names: BertNames, configuration: BertConfiguration) {
    wordEmbedding = shelf.matrix(names.embedding("word_embeddings.weight"))
    positionEmbedding = shelf.matrix(names.embedding("position_embeddings.weight"))
    typeEmbedding = shelf.matrix(names.embedding("token_type_embeddings.weight"))
    embeddingNorm = shelf.norm(names.embedding("LayerNorm"))
    layers = (0 ..< configuration.layers).map(names.layer).map { layer in
      BertLayer(
        query: shelf.dense("\(layer)attention.self.query"),
        key: shelf.dense("\(layer)attention.self.key"),
        value: shelf.dense("\(layer)attention.self.value"),
        output: shelf.dense("\(layer)attention.output.dense"),
        attentionNorm: shelf.norm("\(layer)attention.output.LayerNorm"),
        up: shelf.dense("\(layer)intermediate.dense"),
        down: shelf.dense("\(layer)output.dense"),
        outputNorm: shelf.norm("\(layer)output.LayerNorm")
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
