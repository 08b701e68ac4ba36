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
    var reader = TokenizerJSON(file: tokenizerJSON, config: config, path: path)
    self = try reader.tokenizer()
  }
}

/// Reads the parts of a `tokenizer.json`.
struct TokenizerJSON {
  let file: JSON
  let config: JSON?
  var parts: TokenizerParts

  init(file: JSON, config: JSON?, path: String) {
    self.file = file
    self.config = config
    let vocabulary = file["model"]?["vocab"]?.members?.count ?? 0
    let added = file["added_tokens"]?.items?.count ?? 0
    parts = TokenizerParts(path: path, tokensCount: vocabulary + added)
  }

  mutating func tokenizer() throws(FormatError) -> Tokenizer {
    guard let model = file["model"], model.members != nil else {
      throw parts.blame("no \"model\"")
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
    parts.blame("\(part) \"\(name)\" is not supported")
  }

  private mutating func addVocabulary(_ model: JSON) throws(FormatError) {
    guard let members = model["vocab"]?.members else {
      throw parts.blame("\"model.vocab\" is not a map of tokens to ids")
    }
    for member in members {
      guard let id = member.value.integer else {
        let name = String(decoding: member.key.prefix(64), as: UTF8.self)
        throw parts.blame("the id of token \"\(name)\" is not an integer")
      }
      try parts.add(member.key, id: id)
    }
  }

  private mutating func addAddedTokens() throws(FormatError) {
    guard let list = file["added_tokens"], list != .null else { return }
    guard let items = list.items else { throw parts.blame("\"added_tokens\" is not a list") }
    for item in items {
      guard let content = item["content"]?.bytes, let id = item["id"]?.integer,
        (0 ..< Vocabulary.idMax).contains(id)
      else { throw parts.blame("an added token lacks \"content\" or a fit \"id\"") }
      if flag(item, "single_word") {
        let name = String(decoding: content.prefix(64), as: UTF8.self)
        throw parts.blame("added token \"\(name)\": \"single_word\" is not supported")
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
        )
      )
    }
  }

  private func flag(_ item: JSON, _ name: String) -> Bool { item[name]?.bool ?? false }

  // MARK: Byte-level BPE

  private mutating func bytePairs(_ model: JSON) throws(FormatError) -> Tokenizer {
    for name in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
      guard let value = model[name], value != .null, value != .string([]) else { continue }
      throw unsupported("BPE option", name)
    }
    for name in ["fuse_unk", "byte_fallback", "ignore_merges"] where flag(model, name) {
      throw unsupported("BPE option", name)
    }
    if let normalizer = file["normalizer"], normalizer != .null {
      throw unsupported("normalizer", typeName(normalizer))
    }
    var unknown: Int32?
    if let name = model["unk_token"]?.text, !name.isEmpty { unknown = try parts.required(name) }
    let encoder = try parts.bytePairs(
      merges: try merges(model),
      unknown: unknown,
      splitsDigits: try splitsDigits()
    )
    if let decoder = file["decoder"], decoder != .null, typeName(decoder) != "ByteLevel" {
      throw unsupported("decoder", typeName(decoder))
    }
    return try parts.tokenizer(
      model: encoder,
      template: try template(),
      joiner: .bytes,
      chatSource: chatSource
    )
  }

  private func merges(
    _ model: JSON
  ) throws(FormatError) -> [(left: [UInt8], right: [UInt8])] {
    guard let items = model["merges"]?.items else {
      throw parts.blame("\"model.merges\" is not a list")
    }
    var merges: [(left: [UInt8], right: [UInt8])] = []
    merges.reserveCapacity(items.count)
    for item in items {
      let pair =
        item.items.map { $0.compactMap(\.bytes) }
        ?? item.bytes.map {
          $0.split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
        }
      guard let pair, pair.count == 2, item.items.map({ $0.count == 2 }) ?? true else {
        throw parts.blame("merge \(merges.count) is not a pair of tokens")
      }
      merges.append((pair[0], pair[1]))
    }
    return merges
  }

  /// `ByteLevel`, or digits one by one and then `ByteLevel`.
  private func splitsDigits() throws(FormatError) -> Bool {
    guard let pretokenizer = file["pre_tokenizer"], pretokenizer != .null else {
      throw parts.blame("a BPE model without \"pre_tokenizer\" is not supported")
    }
    guard typeName(pretokenizer) == "Sequence" else {
      try checkByteLevel(pretokenizer)
      return false
    }
    let steps = pretokenizer["pretokenizers"]?.items ?? []
    guard let last = steps.last else { throw parts.blame("an empty pre-tokenizer sequence") }
    try checkByteLevel(last)
    guard steps.count > 1 else { return false }
    guard steps.count == 2, typeName(steps[0]) == "Digits" else {
      throw unsupported("pre-tokenizer", steps.map(typeName).joined(separator: ", "))
    }
    guard flag(steps[0], "individual_digits") else {
      throw parts.blame("pre-tokenizer \"Digits\" without \"individual_digits\" is not supported")
    }
    return true
  }

  private func checkByteLevel(_ pretokenizer: JSON) throws(FormatError) {
    guard typeName(pretokenizer) == "ByteLevel" else {
      throw unsupported("pre-tokenizer", typeName(pretokenizer))
    }
    if pretokenizer["add_prefix_space"]?.bool ?? true {
      throw unsupported("ByteLevel option", "add_prefix_space")
    }
    if !(pretokenizer["use_regex"]?.bool ?? true) {
      throw parts.blame("ByteLevel without \"use_regex\" is not supported")
    }
  }

  func typeName(_ part: JSON) -> String { part["type"]?.text ?? "(no type)" }
}
