extension GGUF {
  /// The tokenizer part of the metadata, or nil if the file has none.
  public func vocabulary() throws(FormatError) -> GGUFVocabulary? {
    guard let model = try text("tokenizer.ggml.model") else { return nil }
    guard let tokens = try strings("tokenizer.ggml.tokens") else {
      throw blame("tokenizer.ggml.tokens is missing")
    }
    var vocabulary = GGUFVocabulary(
      model: model,
      pre: try text("tokenizer.ggml.pre") ?? "default",
      tokens: tokens
    )
    vocabulary.tokenTypes = try identifiers("tokenizer.ggml.token_type") ?? []
    vocabulary.merges = try strings("tokenizer.ggml.merges") ?? []
    vocabulary.bos = try identifier("bos")
    vocabulary.eos = try identifier("eos")
    vocabulary.unk = try identifier("unknown")
    vocabulary.sep = try identifier("seperator")
    vocabulary.pad = try identifier("padding")
    vocabulary.cls = try identifier("cls")
    vocabulary.mask = try identifier("mask")
    vocabulary.addBos = try flag("tokenizer.ggml.add_bos_token")
    vocabulary.addEos = try flag("tokenizer.ggml.add_eos_token")
    vocabulary.chatTemplate = try text("tokenizer.chat_template")
    return vocabulary
  }

  /// The id of `tokenizer.ggml.<name>_token_id`, or nil if it is missing.
  func identifier(_ name: String) throws(FormatError) -> Int32? {
    try integer("tokenizer.ggml.\(name)_token_id", 0 ... Int(Int32.max)).map { Int32($0) }
  }

  private func flag(_ key: String) throws(FormatError) -> Bool? {
    switch metadata[key] {
    case nil: return nil
    case .bool(let value): return value
    default: throw blame("\(key) is neither true nor false", key: key)
    }
  }

  private func strings(_ key: String) throws(FormatError) -> [[UInt8]]? {
    try items(key) { item in
      guard case .string(let bytes) = item else { return nil }
      return bytes
    }
  }

  private func identifiers(_ key: String) throws(FormatError) -> [Int32]? {
    try items(key) { item in
      guard case .integer(let value) = item else { return nil }
      return Int32(exactly: value)
    }
  }

  private func items<Item>(_ key: String, _ read: (Value) -> Item?) throws(FormatError) -> [Item]? {
    guard let value = metadata[key] else { return nil }
    guard case .array(let values) = value else {
      throw blame("\(key) is not an array", key: key)
    }
    let items = values.compactMap(read)
    guard items.count == values.count else {
      throw blame("\(key) holds items of the wrong kind", key: key)
    }
    return items
  }
}
