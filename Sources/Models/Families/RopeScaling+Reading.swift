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
        throw section.blame("low_freq_factor \(low) is not below high_freq_factor \(high)")
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
      throw section.blame("rope scaling \(kind) is not read; known are default, linear, llama3")
    }
  }

  /// Reads the rotary scaling of a GGUF file.
  init(_ gguf: GGUF, family: String, factors: [Float]?) throws(FormatError) {
    let kind = try gguf.text("\(family).rope.scaling.type") ?? "none"
    guard kind == "none" || kind == "linear" else {
      throw FormatError(
        path: gguf.path,
        reason: "rope scaling \(kind) is not read; known are none, linear"
      )
    }
    let attention = "\(family).rope.scaling.attn_factor"
    if let factor = try gguf.number(attention), factor != 1 {
      throw FormatError(path: gguf.path, reason: "\(attention) is \(factor), not 1")
    }
    let factor =
      try kind == "linear"
      ? gguf.number("\(family).rope.scaling.factor") : gguf.number("\(family).rope.scale_linear")
    switch (factor, factors) {
    case (nil, nil), (1, nil):
      self = .none
    case (let factor?, nil) where (1 ... 1e6).contains(factor):
      self = .linear(factor: factor)
    case (nil, let factors?), (1, let factors?):
      guard factors.allSatisfy({ (1e-6 ... 1e6).contains($0) }) else {
        throw FormatError(path: gguf.path, reason: "rope_freqs.weight is not in 1e-6 ... 1e6")
      }
      self = .factors(factors)
    default:
      throw FormatError(
        path: gguf.path,
        reason: "the rotary factor \(factor ?? 0) is not readable here"
      )
    }
  }
}
