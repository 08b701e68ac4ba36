internal import Tensors

extension LlamaWeights {
  /// Decodes the weights that `shelf.check` has seen.
  ///
  /// - Parameters:
  ///   - shelf: the checked tensors.
  ///   - names: of the family in this format.
  ///   - configuration: the checked shape.
  init(_ shelf: WeightShelf, names: DecoderNames, configuration: LlamaConfiguration) {
    embedding = shelf.matrix(names.embedding)
    head = configuration.tiedHead ? embedding : shelf.matrix(names.head)
    finalNorm = shelf.vector("\(names.finalNorm).weight")
    if configuration.position == .learned {
      positionEmbedding = shelf.matrix(names.positionEmbedding)
    }
    if configuration.norm == .layer { finalNormBias = shelf.vector("\(names.finalNorm).bias") }
    layers = (0 ..< configuration.layers).map { index in
      LlamaLayer(shelf, names: names.at(layer: index), configuration: configuration)
    }
  }
}

extension LlamaLayer {
  /// Decodes one layer, whose names are whole.
  fileprivate init(_ shelf: WeightShelf, names: DecoderNames, configuration: LlamaConfiguration) {
    let isTransposed = names.isTransposed
    func map(_ name: String, _ has: LlamaConfiguration.Biases) -> (Matrix, [Float]?) {
      let matrix =
        isTransposed
        ? shelf.transposedMatrix("\(name).weight") : shelf.matrix("\(name).weight")
      return (matrix, configuration.biases.contains(has) ? shelf.vector("\(name).bias") : nil)
    }
    if let fused = names.queryKeyValue {
      let (matrix, bias) = map(fused, .queryKeyValue)
      let (queryWidth, groupWidth) = (configuration.queryWidth, configuration.keyValueWidth)
      let keys = queryWidth ..< queryWidth + groupWidth
      let values = keys.upperBound ..< keys.upperBound + groupWidth
      query = matrix.rows(0 ..< queryWidth)
      key = matrix.rows(keys)
      value = matrix.rows(values)
      queryBias = bias.map { Array($0[..<queryWidth]) }
      keyBias = bias.map { Array($0[keys]) }
      valueBias = bias.map { Array($0[values]) }
    } else {
      (query, queryBias) = map(names.query, .queryKeyValue)
      (key, keyBias) = map(names.key, .queryKeyValue)
      (value, valueBias) = map(names.value, .queryKeyValue)
    }
    if names.isInterleaved {
      let headWidth = configuration.headWidth
      query = query.separatingPairs(headWidth: headWidth)
      key = key.separatingPairs(headWidth: headWidth)
      queryBias = queryBias?.separatingPairs(headWidth: headWidth)
      keyBias = keyBias?.separatingPairs(headWidth: headWidth)
    }
    (output, outputBias) = map(names.output, .attentionOutput)
    if configuration.feedForward == .gatedSilu {
      (gate, gateBias) = map(names.gate, .feedForward)
    }
    (up, upBias) = map(names.up, .feedForward)
    (down, downBias) = map(names.down, .feedForward)
    attentionNorm = shelf.vector("\(names.attentionNorm).weight")
    ffnNorm = shelf.vector("\(names.ffnNorm).weight")
    if configuration.norm == .layer {
      attentionNormBias = shelf.vector("\(names.attentionNorm).bias")
      ffnNormBias = shelf.vector("\(names.ffnNorm).bias")
    }
    if configuration.hasHeadNorms {
      queryNorm = shelf.vector("\(names.queryNorm).weight")
      keyNorm = shelf.vector("\(names.keyNorm).weight")
    }
  }
}

extension Matrix {
  /// Moves the rows of every head from pairs (0, 1), (2, 3) … to halves: all first ones, then all
  /// second ones.
  func separatingPairs(headWidth: Int) -> Matrix {
    precondition(
      headWidth % 2 == 0 && outputs % headWidth == 0,
      "\(outputs) rows, heads of \(headWidth)"
    )
    return selecting(separatedPairs(outputs, headWidth: headWidth))
  }

  /// Some of the rows, as a matrix of their own.
  func rows(_ range: Range<Int>) -> Matrix { selecting(Array(range)) }
}

extension [Float] {
  /// Moves the numbers of every head as `Matrix.separatingPairs` moves rows.
  fileprivate func separatingPairs(headWidth: Int) -> [Float] {
    separatedPairs(count, headWidth: headWidth).map { self[$0] }
  }
}

/// Which of `count` interleaved rows comes where, once every head is split into halves.
private func separatedPairs(_ count: Int, headWidth: Int) -> [Int] {
  stride(from: 0, to: count, by: headWidth).flatMap { head in
    (0 ..< 2).flatMap { half in (0 ..< headWidth / 2).map { head + 2 * $0 + half } }
  }
}
