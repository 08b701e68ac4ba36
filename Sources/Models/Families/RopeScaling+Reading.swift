extension RopeScaling {
  /// Reads `rope_scaling` or `rope_parameters` of a `config.json`; kinds that are not built are
  /// refused by name.
  init(_ section: ConfigurationFile?) throws(FormatError) {
    guard let section else {
      self = .none
      return
    }
    let key = section.value("rope_type") == nil ? "type" : "rope_type"
    let kind = try section.text(key) ?? "default"
    try section.refuse("partial_rotary_factor", unless: [.integer(1), .number(1)])
    switch kind {
    case "default":
      self = .none
    case "linear":
      self = .linear(factor: try section.number("factor", 1 ... 1e6))
    case "llama3":
      let low = try section.number("low_freq_factor", 1e-6 ... 1e6)
      let high = try section.number("high_freq_factor", 1e-6 ... 1e6)
      guard low < high else {
        throw section.blame(
          "low_freq_factor \(low) is not below high_freq_factor \(high)",
          key: "low_freq_factor"
        )
      }
      self = .llama3(
        factor: try section.number("factor", 1 ... 1e6),
        lowFrequency: low,
        highFrequency: high,
        originalPositions: try section.integer(
          "original_max_position_embeddings",
          1 ... ModelLimits.positionsMax
        )
      )
    default:
      throw section.blame(
        "rope scaling \(kind) is not read; known are default, linear, llama3",
        key: key
      )
    }
  }

  /// Reads the rotary scaling of a GGUF file.
  init(_ gguf: GGUF, family: String, factors: [Float]?) throws(FormatError) {
    let kindKey = "\(family).rope.scaling.type"
    let kind = try gguf.text(kindKey) ?? "none"
    guard kind == "none" || kind == "linear" else {
      throw gguf.blame("rope scaling \(kind) is not read; known are none, linear", key: kindKey)
    }
    let attention = "\(family).rope.scaling.attn_factor"
    if let factor = try gguf.number(attention), factor != 1 {
      throw gguf.blame("\(attention) is \(factor), not 1", key: attention)
    }
    let name = kind == "linear" ? "rope.scaling.factor" : "rope.scale_linear"
    let factorKey = "\(family).\(name)"
    let factor = try gguf.number(factorKey)
    switch (factor, factors) {
    case (nil, nil), (1, nil):
      self = .none
    case (let factor?, nil) where (1 ... 1e6).contains(factor):
      self = .linear(factor: factor)
    case (nil, let factors?), (1, let factors?):
      guard factors.allSatisfy({ (1e-6 ... 1e6).contains($0) }) else {
        throw FormatError(
          path: gguf.path,
          offset: gguf.tensors.first { $0.name == Self.factorsName }?.offset,
          reason: "\(Self.factorsName) is not in 1e-6 ... 1e6"
        )
      }
      self = .factors(factors)
    default:
      throw gguf.blame("the rotary factor \(factor ?? 0) is not readable here", key: factorKey)
    }
  }

  /// The tensor of a GGUF file that holds a factor for every rotary frequency.
  static let factorsName = "rope_freqs.weight"
}
