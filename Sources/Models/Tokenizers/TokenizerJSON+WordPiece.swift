extension TokenizerJSON {
  /// BERT's tokenizer.
  mutating func wordPieces(_ model: JSON) throws(FormatError) -> Tokenizer {
    if let pretokenizer = file["pre_tokenizer"], typeName(pretokenizer) != "BertPreTokenizer" {
      throw unsupported("pre-tokenizer", typeName(pretokenizer))
    }
    guard file["pre_tokenizer"] != nil else {
      throw parts.unknown("a WordPiece model without \"pre_tokenizer\" is not supported")
    }
    let wordScalarsMax = model["max_input_chars_per_word"]?.integer ?? 100
    guard wordScalarsMax >= 0 else {
      throw parts.blame(
        "\"max_input_chars_per_word\" is negative",
        at: ["model", "max_input_chars_per_word"]
      )
    }
    let prefix = model["continuing_subword_prefix"]?.bytes ?? Array("##".utf8)
    let encoder = try parts.wordPieces(
      normalizer: try bertNormalizer(),
      unknown: try parts.required(
        model["unk_token"]?.text ?? "[UNK]",
        from: ["model", "unk_token"]
      ),
      prefix: prefix,
      wordScalarsMax: wordScalarsMax
    )
    return try parts.tokenizer(
      model: encoder,
      template: try template(),
      joiner: try wordJoiner(prefix),
      chatSource: nil
    )
  }

  private func bertNormalizer() throws(FormatError) -> BertNormalizer {
    guard let normalizer = file["normalizer"], normalizer != .null else {
      return BertNormalizer(
        cleansText: false,
        spacesChinese: false,
        stripsAccents: false,
        lowercases: false
      )
    }
    guard typeName(normalizer) == "BertNormalizer" else {
      throw unsupported("normalizer", typeName(normalizer))
    }
    let lowercases = normalizer["lowercase"]?.bool ?? true
    return BertNormalizer(
      cleansText: normalizer["clean_text"]?.bool ?? true,
      spacesChinese: normalizer["handle_chinese_chars"]?.bool ?? true,
      stripsAccents: normalizer["strip_accents"]?.bool ?? lowercases,
      lowercases: lowercases
    )
  }

  private func wordJoiner(_ prefix: [UInt8]) throws(FormatError) -> TokenJoiner {
    guard let decoder = file["decoder"], decoder != .null else {
      return .words(prefix: prefix, cleansUp: true)
    }
    guard typeName(decoder) == "WordPiece" else {
      throw unsupported("decoder", typeName(decoder))
    }
    return .words(
      prefix: decoder["prefix"]?.bytes ?? prefix,
      cleansUp: decoder["cleanup"]?.bool ?? true
    )
  }
}
