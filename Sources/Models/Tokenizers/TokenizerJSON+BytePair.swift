extension TokenizerJSON {
  /// A byte-level tokenizer: GPT-2's and its descendants'.
  mutating func bytePairs(_ model: JSON) throws(FormatError) -> Tokenizer {
    for name in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
      guard let value = model[name], value != .null, value != .string([]) else { continue }
      throw unsupported("BPE option", name)
    }
    for name in ["fuse_unk", "byte_fallback"] where flag(model, name) {
      throw unsupported("BPE option", name)
    }
    var preparation = TextPreparation()
    if let normalizer = file["normalizer"], normalizer != .null {
      guard typeName(normalizer) == "NFC" else {
        throw unsupported("normalizer", typeName(normalizer))
      }
      preparation.composes = true
    }
    var unknown: Int32?
    if let name = model["unk_token"]?.text, !name.isEmpty {
      unknown = try parts.required(name, from: ["model", "unk_token"])
    }
    let encoder = try parts.bytePairs(
      merges: try merges(model),
      unknown: unknown,
      pretokenizer: try pretokenizer(&preparation),
      keepsWholes: flag(model, "ignore_merges")
    )
    if let decoder = file["decoder"], decoder != .null, typeName(decoder) != "ByteLevel" {
      throw unsupported("decoder", typeName(decoder))
    }
    return try parts.tokenizer(
      model: encoder,
      template: try template(),
      joiner: .bytes,
      chatSource: chatSource,
      preparation: preparation
    )
  }

  private func merges(
    _ model: JSON
  ) throws(FormatError) -> [(left: [UInt8], right: [UInt8])] {
    guard let items = model["merges"]?.items else {
      throw parts.blame(
        model["merges"] == nil ? "\"model.merges\" is missing" : "\"model.merges\" is not a list",
        at: ["model", "merges"]
      )
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
        throw parts.blame(
          "merge \(merges.count) is not a pair of tokens",
          at: ["model", "merges", .item(merges.count)]
        )
      }
      merges.append((pair[0], pair[1]))
    }
    return merges
  }

  /// `ByteLevel`, alone or after digits one by one or after a pattern that we know.
  private func pretokenizer(_ preparation: inout TextPreparation)
    throws(FormatError) -> Pretokenizer
  {
    guard let pretokenizer = file["pre_tokenizer"], pretokenizer != .null else {
      throw parts.unknown("a BPE model without \"pre_tokenizer\" is not supported")
    }
    let isSequence = typeName(pretokenizer) == "Sequence"
    let steps = isSequence ? pretokenizer["pretokenizers"]?.items ?? [] : [pretokenizer]
    guard let last = steps.last else {
      throw parts.blame("an empty pre-tokenizer sequence", at: ["pre_tokenizer"])
    }
    let kinds = steps.map(typeName)
    switch kinds {
    case ["ByteLevel"]:
      try checkByteLevel(last, usesRegex: true)
      preparation.prefixesSpace = prefixesSpace(last)
      return .gpt2(PretokenScanner(splitsDigits: false))
    case ["Digits", "ByteLevel"]:
      guard flag(steps[0], "individual_digits") else {
        throw parts.unknown(
          "pre-tokenizer \"Digits\" without \"individual_digits\" is not supported"
        )
      }
      try checkByteLevel(last, usesRegex: true)
      try refusePrefix(last)
      return .gpt2(PretokenScanner(splitsDigits: true))
    case ["Split", "ByteLevel"]:
      let scanner = try split(steps[0])
      try checkByteLevel(last, usesRegex: false)
      try refusePrefix(last)
      return scanner
    default: throw unsupported("pre-tokenizer", kinds.joined(separator: ", "))
    }
  }

  /// The scanner for a pattern, which must be spelled exactly as the models that we know spell it.
  private func split(_ step: JSON) throws(FormatError) -> Pretokenizer {
    guard let pattern = step["pattern"]?["Regex"]?.text else {
      throw parts.unknown("pre-tokenizer \"Split\" without a \"Regex\" is not supported")
    }
    guard step["behavior"]?.text == "Isolated", !flag(step, "invert") else {
      throw parts.unknown("pre-tokenizer \"Split\" that is not \"Isolated\" is not supported")
    }
    switch pattern {
    case Self.pattern(digits: #"\p{N}"#): return .words(WordScanner(digitsMax: 1))
    case Self.pattern(digits: #"\p{N}{1,3}"#): return .words(WordScanner(digitsMax: 3))
    default: throw unsupported("pre-tokenizer pattern", String(pattern.prefix(200)))
    }
  }

  /// The pattern of Qwen2 and Llama 3, which differ in how many digits go together.
  private static func pattern(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  private func checkByteLevel(_ step: JSON, usesRegex: Bool) throws(FormatError) {
    guard step["use_regex"]?.bool ?? true == usesRegex else {
      throw parts.unknown(
        usesRegex
          ? "ByteLevel without \"use_regex\" is not supported"
          : "ByteLevel with \"use_regex\" after a pattern is not supported"
      )
    }
  }

  private func prefixesSpace(_ step: JSON) -> Bool { step["add_prefix_space"]?.bool ?? true }

  private func refusePrefix(_ step: JSON) throws(FormatError) {
    if prefixesSpace(step) { throw unsupported("ByteLevel option", "add_prefix_space") }
  }
}
