extension Tokenizer {
  /// Builds the tokenizer that a `tokenizer.json` describes.
  ///
  /// What the file asks for beyond our kinds is refused by name, never skipped: normalizers,
  /// pre-tokenizers, post-processors, decoders, and flags of added tokens. `truncation` and `padding`
  /// alone are ignored.
  ///
  /// - Parameters:
  ///   - tokenizerJSON: the file.
  ///   - config: `tokenizer_config.json`, which names the special tokens and holds the chat template.
  ///   - path: the file to blame.
  /// - Throws: `FormatError` that names what is not supported or contradicts itself.
  public init(tokenizerJSON: JSON, config: JSON?, path: String) throws(FormatError) {
    try self.init(ConfigurationFile(path: path, json: tokenizerJSON), config: config)
  }

  /// Builds the tokenizer of a `tokenizer.json`, whose errors say where.
  init(_ file: ConfigurationFile, config: JSON?) throws(FormatError) {
    var reader = TokenizerJSON(file, config: config)
    self = try reader.tokenizer()
  }
}

/// Reads the parts of a `tokenizer.json`.
struct TokenizerJSON {
  let source: ConfigurationFile
  let config: JSON?
  var parts: TokenizerParts

  init(_ source: ConfigurationFile, config: JSON?) {
    self.source = source
    self.config = config
    let file = source.json
    let vocabulary = file["model"]?["vocab"]?.members?.count ?? 0
    let added = file["added_tokens"]?.items?.count ?? 0
    parts = TokenizerParts(
      path: source.path,
      source: .json(source),
      tokensCount: vocabulary + added
    )
  }

  var file: JSON { source.json }

  mutating func tokenizer() throws(FormatError) -> Tokenizer {
    guard let model = file["model"], model.members != nil else {
      throw parts.blame("\"model\" is missing or no object", at: ["model"])
    }
    try addVocabulary(model)
    try addAddedTokens()
    nameSpecials()
    switch kind(of: model) {
    case "BPE": return try bytePairs(model)
    case "WordPiece": return try wordPieces(model)
    case let other: throw unsupported("model", other)
    }
  }

  /// Old files leave the model's type out; its fields tell.
  private func kind(of model: JSON) -> String {
    if let type = model["type"]?.text { return type }
    return model["merges"] != nil ? "BPE" : "(none)"
  }

  func unsupported(_ part: String, _ name: String) -> FormatError {
    parts.unknown("\(part) \"\(name)\" is not supported")
  }

  private mutating func addVocabulary(_ model: JSON) throws(FormatError) {
    guard let members = model["vocab"]?.members else {
      throw parts.blame(
        "\"model.vocab\" is missing or not a map of tokens to ids",
        at: ["model", "vocab"]
      )
    }
    for member in members {
      guard let id = member.value.integer else {
        let name = String(decoding: member.key.prefix(64), as: UTF8.self)
        throw parts.blame(
          "the id of token \"\(name)\" is not an integer",
          at: ["model", "vocab", .key(member.key)]
        )
      }
      try parts.add(member.key, id: id, from: ["model", "vocab", .key(member.key)])
    }
  }

  private mutating func addAddedTokens() throws(FormatError) {
    guard let list = file["added_tokens"], list != .null else { return }
    guard let items = list.items else {
      throw parts.blame("\"added_tokens\" is not a list", at: ["added_tokens"])
    }
    for (number, item) in items.enumerated() {
      let place: [ValueStep] = ["added_tokens", .item(number)]
      guard let content = item["content"]?.bytes, let id = item["id"]?.integer,
        (0 ..< Vocabulary.idMax).contains(id)
      else { throw parts.blame("an added token lacks \"content\" or a fit \"id\"", at: place) }
      if flag(item, "single_word") {
        let name = String(decoding: content.prefix(64), as: UTF8.self)
        throw parts.unknown("added token \"\(name)\": \"single_word\" is not supported")
      }
      let isSpecial = flag(item, "special")
      try parts.add(
        AddedTokens.Token(
          id: Int32(id),
          content: content,
          isSpecial: isSpecial,
          stripsLeft: flag(item, "lstrip"),
          stripsRight: flag(item, "rstrip"),
          isNormalized: item["normalized"]?.bool ?? !isSpecial
        ),
        from: place
      )
    }
  }

  func flag(_ item: JSON, _ name: String) -> Bool { item[name]?.bool ?? false }

  func typeName(_ part: JSON) -> String { part["type"]?.text ?? "(no type)" }
}
