extension Tokenizer {
  /// Builds the tokenizer that a GGUF file carries.
  ///
  /// Bytes that the vocabulary cannot spell are dropped, as the reference does for these models; the
  /// file's unknown token is not put in their place. `bert` vocabularies are taken as uncased, which is
  /// what the format means by the name.
  ///
  /// - Parameters:
  ///   - vocabulary: the file's metadata.
  ///   - path: the file to blame.
  /// - Throws: `FormatError` if the model is of another kind, or the vocabulary contradicts itself.
  public init(vocabulary: GGUFVocabulary, path: String) throws(FormatError) {
    try self.init(vocabulary, of: nil, path: path)
  }

  /// Builds the tokenizer that `file` carries, and blames the places in it.
  init(_ vocabulary: GGUFVocabulary, of file: GGUF?, path: String) throws(FormatError) {
    let count = vocabulary.tokens.count
    var parts = TokenizerParts(path: path, source: .gguf(file), tokensCount: count)
    guard count <= Vocabulary.idMax else {
      throw parts.blame(
        "\(count) tokens; the limit is \(Vocabulary.idMax)",
        at: ["tokenizer.ggml.tokens"]
      )
    }
    guard vocabulary.tokenTypes.isEmpty || vocabulary.tokenTypes.count == count else {
      throw parts.blame(
        "\(count) tokens, but \(vocabulary.tokenTypes.count) token types",
        at: ["tokenizer.ggml.token_type"]
      )
    }
    switch vocabulary.model {
    case "gpt2": self = try Self.bytePairs(vocabulary, &parts)
    case "bert": self = try Self.wordPieces(vocabulary, &parts)
    default:
      throw parts.unknown(
        "tokenizer.ggml.model is \"\(vocabulary.model)\"; known are \"gpt2\" and \"bert\""
      )
    }
  }

  /// The kinds of token of the format that matter here.
  private enum TokenType {
    static let unknown: Int32 = 2
    static let control: Int32 = 3
    static let userDefined: Int32 = 4
  }

  private static func bytePairs(
    _ file: GGUFVocabulary,
    _ parts: inout TokenizerParts
  ) throws(FormatError) -> Tokenizer {
    guard let recipe = BytePairRecipe(named: file.pre) else {
      throw parts.unknown(
        "tokenizer.ggml.pre is \"\(file.pre)\"; known are \(BytePairRecipe.known)"
      )
    }
    try addTokens(of: file, spelled: file.tokens, to: &parts)
    var merges: [(left: [UInt8], right: [UInt8])] = []
    merges.reserveCapacity(file.merges.count)
    for merge in file.merges {
      guard let space = merge.dropFirst().firstIndex(of: 0x20), space + 1 < merge.count else {
        let name = String(decoding: merge.prefix(64), as: UTF8.self)
        throw parts.blame(
          "merge \(merges.count), \"\(name)\", is not a pair of tokens",
          at: ["tokenizer.ggml.merges", .item(merges.count)]
        )
      }
      merges.append((Array(merge[..<space]), Array(merge[(space + 1)...])))
    }
    let model = try parts.bytePairs(
      merges: merges,
      unknown: nil,
      pretokenizer: recipe.pretokenizer,
      keepsWholes: recipe.keepsWholes
    )
    let template = PostTemplate(
      prefix: try ends(file.addBos ?? recipe.addsBos, parts.specials.bos, "add_bos_token", parts),
      suffix: try ends(file.addEos ?? false, parts.specials.eos.first, "add_eos_token", parts)
    )
    return try parts.tokenizer(
      model: model,
      template: template,
      joiner: .bytes,
      chatSource: file.chatTemplate,
      preparation: TextPreparation(composes: recipe.composes)
    )
  }

  private static func ends(
    _ isWanted: Bool,
    _ id: Int32?,
    _ name: String,
    _ parts: TokenizerParts
  ) throws(FormatError) -> [Int32] {
    guard isWanted else { return [] }
    guard let id else {
      throw parts.blame(
        "\(name) is true, but there is no such token",
        at: [.named("tokenizer.ggml.\(name)")]
      )
    }
    return [id]
  }

  private static func wordPieces(
    _ file: GGUFVocabulary,
    _ parts: inout TokenizerParts
  ) throws(FormatError) -> Tokenizer {
    // The format marks what begins a word (U+2581); the vocabulary itself marks what continues one.
    let phantom: [UInt8] = [0xE2, 0x96, 0x81]
    let prefix = Array("##".utf8)
    var spellings: [[UInt8]] = []
    for (id, token) in file.tokens.enumerated() {
      let isSpecial = !file.tokenTypes.isEmpty && isAdded(file.tokenTypes[id])
      if isSpecial {
        spellings.append(token)
      } else if token.starts(with: phantom) {
        spellings.append(Array(token.dropFirst(phantom.count)))
      } else {
        spellings.append(prefix + token)
      }
    }
    try addTokens(of: file, spelled: spellings, to: &parts)
    let cls = try parts.required("[CLS]", unless: parts.specials.cls ?? parts.specials.bos)
    let sep = try parts.required("[SEP]", unless: parts.specials.sep ?? parts.specials.eos.first)
    parts.specials.cls = cls
    parts.specials.sep = sep
    let model = try parts.wordPieces(
      normalizer: BertNormalizer(
        cleansText: true,
        spacesChinese: true,
        stripsAccents: true,
        lowercases: true
      ),
      unknown: try parts.required("[UNK]", unless: parts.specials.unk),
      prefix: prefix,
      wordScalarsMax: 100
    )
    return try parts.tokenizer(
      model: model,
      template: PostTemplate(cls: cls, sep: sep),
      joiner: .words(prefix: prefix, cleansUp: true),
      chatSource: nil
    )
  }

  private static func isAdded(_ type: Int32) -> Bool {
    [TokenType.unknown, TokenType.control, TokenType.userDefined].contains(type)
  }

  private static func addTokens(
    of file: GGUFVocabulary,
    spelled spellings: [[UInt8]],
    to parts: inout TokenizerParts
  ) throws(FormatError) {
    for (id, spelling) in spellings.enumerated() {
      try parts.add(spelling, id: id, from: ["tokenizer.ggml.tokens", .item(id)])
      guard !file.tokenTypes.isEmpty, isAdded(file.tokenTypes[id]) else { continue }
      try parts.add(
        AddedTokens.Token(
          id: Int32(id),
          content: spelling,
          isSpecial: file.tokenTypes[id] != TokenType.userDefined
        ),
        from: ["tokenizer.ggml.tokens", .item(id)]
      )
    }
    func checked(_ id: Int32?, _ name: String) throws(FormatError) -> Int32? {
      try parts.checked(id, name, from: [.named("tokenizer.ggml.\(name)")])
    }
    parts.specials.bos = try checked(file.bos, "bos_token_id")
    parts.specials.eos = try checked(file.eos, "eos_token_id").map { [$0] } ?? []
    parts.specials.unk = try checked(file.unk, "unknown_token_id")
    parts.specials.sep = try checked(file.sep, "seperator_token_id")
    parts.specials.pad = try checked(file.pad, "padding_token_id")
    parts.specials.cls = try checked(file.cls, "cls_token_id")
    parts.specials.mask = try checked(file.mask, "mask_token_id")
  }
}
