extension Checkpoint {
  /// The tokenizer that a GGUF file carries, or nil if it carries none.
  static func tokenizer(of gguf: GGUF, vocabulary: Int) throws(FormatError) -> Tokenizer? {
    guard let part = try gguf.vocabulary() else { return nil }
    var tokenizer = try knownOrStandIn(gguf.path) { () throws(FormatError) in
      try Tokenizer(vocabulary: part, path: gguf.path)
    }
    if tokenizer.gap != nil, let eos = part.eos { tokenizer.specials.addEnd(eos) }
    if let turn = try gguf.identifier("eot") { tokenizer.specials.addEnd(turn) }
    try check(tokenizer, vocabulary: vocabulary, path: gguf.path)
    return tokenizer
  }

  /// The tokenizer of a directory, or nil if there is no `tokenizer.json`.
  ///
  /// - Parameters:
  ///   - directory: the directory.
  ///   - settings: of a language model, the `config.json`, which may name tokens that end a text.
  ///   - vocabulary: rows of the embedding.
  /// - Returns: the tokenizer.
  /// - Throws: `FormatError`.
  static func tokenizer(
    directory: String,
    endsIn settings: ConfigurationFile? = nil,
    vocabulary: Int
  ) throws(FormatError) -> Tokenizer? {
    let path = "\(directory)/tokenizer.json"
    guard let bytes = try readIfPresent(path, limit: tokenizerBytesMax) else { return nil }
    let words = try ConfigurationFile.ifPresent(path: "\(directory)/tokenizer_config.json")
    let json = try JSON(parsing: bytes, path: path)
    var tokenizer = try knownOrStandIn(path) { () throws(FormatError) in
      try Tokenizer(tokenizerJSON: json, config: words?.json, path: path)
    }
    if let settings {
      let generation = try ConfigurationFile.ifPresent(
        path: "\(directory)/generation_config.json"
      )
      for file in [settings, generation].compactMap({ $0 }) {
        for end in try ends(file) { tokenizer.specials.addEnd(end) }
      }
    }
    try check(tokenizer, vocabulary: vocabulary, path: path)
    return tokenizer
  }

  /// A tokenizer, or what stands in for one of a kind that we do not know: the model serves tokens then.
  private static func knownOrStandIn(
    _ path: String,
    _ open: () throws(FormatError) -> Tokenizer
  ) throws(FormatError) -> Tokenizer {
    do {
      return try open()
    } catch {
      guard error.isUnknownTokenizer else { throw error }
      return try Tokenizer(unknown: error.reason, path: path)
    }
  }

  /// Longest `tokenizer.json`, in bytes.
  static let tokenizerBytesMax = 64 << 20

  /// `eos_token_id` is one id or several.
  private static func ends(_ file: ConfigurationFile) throws(FormatError) -> [Int32] {
    guard let value = file.value("eos_token_id") else { return [] }
    let values = value.items ?? [value]
    let ends = values.compactMap { $0.integer.flatMap { Int32(exactly: $0) } }
    guard ends.count == values.count, ends.allSatisfy({ $0 >= 0 }) else {
      throw file.blame("eos_token_id is neither a token nor an array of tokens")
    }
    return ends
  }

  /// Every id that text can become must have a row in the embedding.
  private static func check(_ tokenizer: Tokenizer, vocabulary: Int, path: String)
    throws(FormatError)
  {
    let special = tokenizer.specials.eos.max() ?? 0
    guard tokenizer.vocabularyCount <= vocabulary, Int(special) < vocabulary else {
      throw FormatError(
        path: path,
        reason: "the tokenizer knows \(max(tokenizer.vocabularyCount, Int(special) + 1)) tokens, "
          + "the model only \(vocabulary)"
      )
    }
  }
}

extension SpecialTokens {
  fileprivate mutating func addEnd(_ token: Int32) {
    if !eos.contains(token) { eos.append(token) }
  }
}
