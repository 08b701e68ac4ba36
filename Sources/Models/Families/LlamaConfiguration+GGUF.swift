extension LlamaConfiguration {
  /// Reads the metadata of a GGUF file that all architectures share; keys begin with the family's name.
  ///
  /// - Parameters:
  ///   - gguf: the file.
  ///   - family: its architecture.
  ///   - tiedHead: whether the file lacks an output head of its own.
  ///   - ropeFactors: of the file's `rope_freqs` tensor, if it has one.
  ///   - norm: how rows are normalized.
  ///   - position: how a row knows its position.
  /// - Throws: `FormatError` that names the key.
  init(
    _ gguf: GGUF,
    family: String,
    tiedHead: Bool,
    ropeFactors: [Float]? = nil,
    norm: Norm = .rootMeanSquare,
    position: Position = .rotary
  ) throws(FormatError) {
    func required(_ key: String, _ limit: Int) throws(FormatError) -> Int {
      guard let value = try gguf.integer("\(family).\(key)", 1 ... limit) else {
        throw gguf.blame("\(family).\(key) is missing")
      }
      return value
    }
    width = try required("embedding_length", ModelLimits.widthMax)
    layers = try required("block_count", ModelLimits.layersMax)
    heads = try required("attention.head_count", ModelLimits.headsMax)
    let groups = "\(family).attention.head_count_kv"
    keyValueHeads = try gguf.integer(groups, 1 ... ModelLimits.headsMax) ?? heads
    let keyLength = "\(family).attention.key_length"
    headWidth = try gguf.integer(keyLength, 1 ... ModelLimits.widthMax) ?? width / heads
    ffnWidth = try required("feed_forward_length", ModelLimits.ffnWidthMax)
    positionsMax = try required("context_length", ModelLimits.positionsMax)
    vocabulary = try Self.vocabulary(gguf, family)
    rmsEpsilon = try Self.epsilon(gguf, family, norm)
    ropeBase = try Self.number(gguf, "\(family).rope.freq_base", 1 ... 1e12) ?? 10_000
    ropeScaling = try RopeScaling(gguf, family: family, factors: ropeFactors)
    self.tiedHead = tiedHead
    self.family = family
    self.norm = norm
    self.position = position
    try checkWidths(gguf)
    if let fault { throw gguf.blame(fault, keys: Self.keys(family)) }
  }

  private static func keys(_ family: String) -> [ShapeFault.Field: String] {
    [
      .width: "\(family).embedding_length",
      .heads: "\(family).attention.head_count",
      .keyValueHeads: "\(family).attention.head_count_kv",
      .headWidth: "\(family).attention.key_length",
      .positions: "\(family).context_length",
    ]
  }

  private static func number(_ gguf: GGUF, _ key: String, _ range: ClosedRange<Double>)
    throws(FormatError) -> Double?
  {
    guard let value = try gguf.number(key) else { return nil }
    guard range.contains(value) else {
      throw gguf.blame("\(key) is not in \(range.lowerBound) ... \(range.upperBound)", key: key)
    }
    return value
  }

  private static func epsilon(_ gguf: GGUF, _ family: String, _ norm: Norm)
    throws(FormatError) -> Float
  {
    let name = norm == .layer ? "layer_norm_epsilon" : "layer_norm_rms_epsilon"
    let key = "\(family).attention.\(name)"
    guard let epsilon = try number(gguf, key, 1e-12 ... 0.1) else {
      throw gguf.blame("\(key) is missing")
    }
    return Float(epsilon)
  }

  private static func vocabulary(_ gguf: GGUF, _ family: String) throws(FormatError) -> Int {
    let key = "\(family).vocab_size"
    if let count = try gguf.integer(key, 1 ... ModelLimits.vocabularyMax) { return count }
    let tokensKey = "tokenizer.ggml.tokens"
    guard let value = gguf.metadata[tokensKey] else {
      throw gguf.blame("\(key) is missing, and so is \(tokensKey)")
    }
    guard case .array(let tokens) = value, !tokens.isEmpty,
      tokens.count <= ModelLimits.vocabularyMax
    else {
      let range = "1 ... \(ModelLimits.vocabularyMax)"
      throw gguf.blame("\(tokensKey) is not an array of \(range) tokens", key: tokensKey)
    }
    return tokens.count
  }

  private func checkWidths(_ gguf: GGUF) throws(FormatError) {
    for key in ["rope.dimension_count", "attention.value_length"].map({ "\(family).\($0)" }) {
      if let value = try gguf.integer(key, 1 ... ModelLimits.widthMax), value != headWidth {
        throw gguf.blame("\(key) is \(value), but heads are \(headWidth) wide", key: key)
      }
    }
    let key = "\(family).expert_count"
    if let experts = try gguf.integer(key, 0 ... Int.max), experts > 0 {
      throw gguf.blame("has \(experts) experts; mixtures of experts are not read", key: key)
    }
  }
}
