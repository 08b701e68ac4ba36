extension TokenizerJSON {
  /// Which special tokens surround a text, from `post_processor`.
  func template() throws(FormatError) -> PostTemplate {
    guard let processor = file["post_processor"], processor != .null else { return PostTemplate() }
    return try template(of: source.inside(processor, ["post_processor"])) ?? PostTemplate()
  }

  /// Nil for what leaves the ids alone.
  private func template(of processor: ConfigurationFile) throws(FormatError) -> PostTemplate? {
    switch typeName(processor.json) {
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
      let steps = processor.json["processors"]?.items ?? []
      for (number, step) in steps.enumerated() {
        let part = processor.inside(step, ["processors", .item(number)])
        guard let template = try template(of: part) else { continue }
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
  private func pairID(_ processor: ConfigurationFile, _ name: String)
    throws(FormatError) -> Int32
  {
    guard let value = processor.value(name) else { throw processor.missing(name) }
    guard let items = value.items, items.count == 2 else {
      throw processor.blame("post-processor \"\(name)\" is not a token and its id", key: name)
    }
    return try tokenID(processor.inside(items[1], [.named(name), 1]), name)
  }

  private func tokenID(_ value: ConfigurationFile, _ name: String) throws(FormatError) -> Int32 {
    guard let id = value.json.integer.flatMap({ Int32(exactly: $0) }) else {
      throw value.blame("\(name) has an id that is none", at: [])
    }
    guard parts.vocabulary.spelling(of: id) != nil else {
      throw value.blame("\(name) is \(id), but the vocabulary has no such token", at: [])
    }
    return id
  }

  private func pieces(
    _ processor: ConfigurationFile,
    _ name: String,
    sequences: [String]
  ) throws(FormatError) -> [PostTemplate.Piece] {
    guard let value = processor.value(name) else { throw processor.missing(name) }
    guard let items = value.items else {
      throw processor.blame("post-processor \"\(name)\" is not a list", key: name)
    }
    var pieces: [PostTemplate.Piece] = []
    var order: [String] = []
    for (number, item) in items.enumerated() {
      let piece = processor.inside(item, [.named(name), .item(number)])
      if let sequence = try piece.section("Sequence"), let letter = try sequence.text("id") {
        let type = try segment(sequence)
        order.append(letter)
        pieces.append(letter == "A" ? .first(type: type) : .second(type: type))
      } else if let token = try piece.section("SpecialToken"), let key = try token.text("id") {
        let type = try segment(token)
        pieces += try ids(of: key, processor).map { .token($0, type: type) }
      } else {
        throw piece.blame("post-processor \"\(name)\" has a piece of unknown kind", at: [])
      }
    }
    guard order == sequences else {
      throw processor.blame(
        "post-processor \"\(name)\" does not take its texts once, in order",
        key: name
      )
    }
    return pieces
  }

  private func segment(_ piece: ConfigurationFile) throws(FormatError) -> Int32 {
    guard let type = Int32(exactly: piece.json["type_id"]?.integer ?? 0),
      (0 ... 255).contains(type)
    else { throw piece.blame("a post-processor \"type_id\" is not in 0 ... 255", key: "type_id") }
    return type
  }

  private func ids(of key: String, _ processor: ConfigurationFile) throws(FormatError) -> [Int32] {
    let name = "special_tokens"
    guard let items = processor.json[name]?[key]?["ids"]?.items else {
      throw processor.blame(
        "post-processor token \"\(key)\" is missing from its \"\(name)\"",
        at: []
      )
    }
    var ids: [Int32] = []
    for (number, item) in items.enumerated() {
      let place: [ValueStep] = [.named(name), .named(key), "ids", .item(number)]
      ids.append(try tokenID(processor.inside(item, place), key))
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
