extension Checkpoint {
  /// The tokenizer that a GGUF file carries, or nil if it carries none.
  static func tokenizer(of gguf: GGUF, vocabulary: Int) throws(FormatError) -> Tokenizer? {
    guard let part = try gguf.vocabulary() else { return nil }
    var tokenizer = try knownOrStandIn(gguf.path) { () throws(FormatError) in
      try Tokenizer(part, of: gguf, path: gguf.path)
    }
    guard tokenizer.vocabularyCount <= vocabulary else {
      throw gguf.blame(
        tooMany(tokenizer.vocabularyCount, vocabulary),
        at: ["tokenizer.ggml.tokens", .item(vocabulary)]
      )
    }
    for name in tokenizer.gap == nil ? ["eot"] : ["eos", "eot"] {
      guard let end = try gguf.identifier(name) else { continue }
      guard end < vocabulary else {
        throw gguf.blame(
          tooMany(Int(end) + 1, vocabulary),
          key: "tokenizer.ggml.\(name)_token_id"
        )
      }
      tokenizer.specials.addEnd(end)
    }
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
    guard let file = try ConfigurationFile.ifPresent(path: path, limit: tokenizerBytesMax) else {
      return nil
    }
    let words = try ConfigurationFile.ifPresent(path: "\(directory)/tokenizer_config.json")
    var tokenizer = try knownOrStandIn(path) { () throws(FormatError) in
      try Tokenizer(file, config: words?.json)
    }
    guard tokenizer.vocabularyCount <= vocabulary else {
      throw file.blame(
        tooMany(tokenizer.vocabularyCount, vocabulary),
        at: place(ofTokenBeyond: vocabulary, in: file.json)
      )
    }
    if let settings {
      let generation = try ConfigurationFile.ifPresent(
        path: "\(directory)/generation_config.json"
      )
      for file in [settings, generation].compactMap({ $0 }) {
        for end in try ends(file, vocabulary: vocabulary) { tokenizer.specials.addEnd(end) }
      }
    }
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
  private static func ends(_ file: ConfigurationFile, vocabulary: Int)
    throws(FormatError) -> [Int32]
  {
    let key = "eos_token_id"
    guard let value = file.value(key) else { return [] }
    let values = value.items ?? [value]
    let ends = values.compactMap { $0.integer.flatMap { Int32(exactly: $0) } }
    guard ends.count == values.count, ends.allSatisfy({ $0 >= 0 }) else {
      throw file.blame("\(key) is neither a token nor an array of tokens", key: key)
    }
    if let end = ends.max(), end >= vocabulary {
      throw file.blame("\(key) is \(end), but the model knows only \(vocabulary) tokens", key: key)
    }
    return ends
  }

  /// Every id that text can become must have a row in the embedding.
  private static func tooMany(_ tokens: Int, _ vocabulary: Int) -> String {
    "the tokenizer knows \(tokens) tokens, the model only \(vocabulary)"
  }

  /// Where a `tokenizer.json` names a token without a row in the embedding.
  private static func place(ofTokenBeyond vocabulary: Int, in file: JSON) -> [ValueStep] {
    func isBeyond(_ id: JSON?) -> Bool { id?.integer ?? 0 >= vocabulary }
    if let token = file["model"]?["vocab"]?.members?.first(where: { isBeyond($0.value) }) {
      return ["model", "vocab", .key(token.key)]
    }
    let added = file["added_tokens"]?.items ?? []
    return ["added_tokens", .item(added.firstIndex { isBeyond($0["id"]) } ?? 0)]
  }
}

extension SpecialTokens {
  fileprivate mutating func addEnd(_ token: Int32) {
    if !eos.contains(token) { eos.append(token) }
  }
}
