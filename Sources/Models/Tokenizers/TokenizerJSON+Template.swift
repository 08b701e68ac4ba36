extension TokenizerJSON {
  /// Which special tokens surround a text, from `post_processor`.
  func template() throws(FormatError) -> PostTemplate {
    guard let processor = file["post_processor"], processor != .null else { return PostTemplate() }
    return try template(of: processor) ?? PostTemplate()
  }

  /// Nil for what leaves the ids alone.
  private func template(of processor: JSON) throws(FormatError) -> PostTemplate? {
    switch typeName(processor) {
    case "ByteLevel": return nil
    case "BertProcessing":
      return PostTemplate(cls: try pairID(processor, "cls"), sep: try pairID(processor, "sep"))
    case "RobertaProcessing":
      return PostTemplate(bos: try pairID(processor, "cls"), eos: try pairID(processor, "sep"))
    case "TemplateProcessing":
      return PostTemplate(
        single: try pieces(processor, "single", sequences: ["A"]),
        pair: try pieces(processor, "pair", sequences: ["A", "B"])
      )
    case "Sequence":
      var found: PostTemplate?
      for step in processor["processors"]?.items ?? [] {
        guard let template = try template(of: step) else { continue }
        guard found == nil else {
          throw parts.unknown("two post-processors that add tokens are not supported")
        }
        found = template
      }
      return found
    case let other: throw unsupported("post-processor", other)
    }
  }

  /// The id in `["[SEP]", 102]`.
  private func pairID(_ processor: JSON, _ name: String) throws(FormatError) -> Int32 {
    guard let items = processor[name]?.items, items.count == 2, let id = items[1].integer else {
      throw parts.blame("post-processor \"\(name)\" is not a token and its id")
    }
    return try tokenID(id, name)
  }

  private func tokenID(_ id: Int, _ name: String) throws(FormatError) -> Int32 {
    guard let id = Int32(exactly: id), let known = try parts.checked(id, name) else {
      throw parts.blame("\(name) is \(id), which is no id")
    }
    return known
  }

  private func pieces(
    _ processor: JSON,
    _ name: String,
    sequences: [String]
  ) throws(FormatError) -> [PostTemplate.Piece] {
    guard let items = processor[name]?.items else {
      throw parts.blame("post-processor \"\(name)\" is not a list")
    }
    var pieces: [PostTemplate.Piece] = []
    var order: [String] = []
    for item in items {
      if let sequence = item["Sequence"], let letter = sequence["id"]?.text {
        let type = try segment(sequence)
        order.append(letter)
        pieces.append(letter == "A" ? .first(type: type) : .second(type: type))
      } else if let token = item["SpecialToken"], let key = token["id"]?.text {
        let type = try segment(token)
        pieces += try ids(of: key, processor).map { .token($0, type: type) }
      } else {
        throw parts.blame("post-processor \"\(name)\" has a piece of unknown kind")
      }
    }
    guard order == sequences else {
      throw parts.blame("post-processor \"\(name)\" does not take its texts once, in order")
    }
    return pieces
  }

  private func segment(_ piece: JSON) throws(FormatError) -> Int32 {
    guard let type = Int32(exactly: piece["type_id"]?.integer ?? 0), (0 ... 255).contains(type)
    else { throw parts.blame("a post-processor \"type_id\" is not in 0 ... 255") }
    return type
  }

  private func ids(of key: String, _ processor: JSON) throws(FormatError) -> [Int32] {
    guard let items = processor["special_tokens"]?[key]?["ids"]?.items else {
      throw parts.blame("post-processor token \"\(key)\" is not among its \"special_tokens\"")
    }
    var ids: [Int32] = []
    for item in items {
      guard let id = item.integer else { throw parts.blame("\"\(key)\" has an id that is none") }
      ids.append(try tokenID(id, key))
    }
    return ids
  }

  /// The special tokens that the configuration names, else those with the customary names.
  mutating func nameSpecials() {
    parts.specials.bos = special("bos_token", ["<s>", "<|begin_of_text|>"])
    parts.specials.eos = special("eos_token", ["</s>", "<|endoftext|>"]).map { [$0] } ?? []
    parts.specials.cls = special("cls_token", ["[CLS]"])
    parts.specials.sep = special("sep_token", ["[SEP]"])
    parts.specials.pad = special("pad_token", ["[PAD]", "<pad>"])
    parts.specials.unk = special("unk_token", ["[UNK]", "<unk>"])
    parts.specials.mask = special("mask_token", ["[MASK]", "<mask>"])
  }

  private func special(_ key: String, _ customary: [String]) -> Int32? {
    if let named = config?[key]?.bytes ?? config?[key]?["content"]?.bytes {
      return parts.vocabulary.id(of: named)
    }
    return parts.added.tokens.first { token in
      token.isSpecial && customary.contains { Array($0.utf8) == token.content }
    }?.id
  }

  /// The chat template: one text, or of a list of named ones the default.
  var chatSource: String? {
    guard let template = config?["chat_template"] else { return nil }
    if let text = template.text { return text }
    return template.items?.first { $0["name"]?.text == "default" }?["template"]?.text
  }
}
