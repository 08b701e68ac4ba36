/// A tokenizer in the making: what both kinds of file have in common.
struct TokenizerParts {
  /// The kinds of file that a tokenizer is read from; they keep its parts in different places.
  enum Source {
    case json(ConfigurationFile)
    /// With the file, unless there is only its vocabulary.
    case gguf(GGUF?)
  }

  /// The file to blame.
  let path: String
  private let source: Source
  var vocabulary: Vocabulary
  var added = AddedTokens()
  var specials = SpecialTokens()

  init(path: String, source: Source, tokensCount: Int) {
    self.path = path
    self.source = source
    vocabulary = Vocabulary(tokensCount: tokensCount)
  }

  /// Blames the value to which `place` leads in the file; nil where no one value is to blame.
  func blame(_ reason: String, at place: [ValueStep]? = nil) -> FormatError {
    switch source {
    case .json(let file): file.blame(reason, at: place)
    case .gguf(let file?): file.blame(reason, at: place)
    case .gguf(nil): FormatError(path: path, reason: reason)
    }
  }

  /// Where a merge is in the file.
  private func place(ofMerge rank: Int) -> [ValueStep] {
    switch source {
    case .json: ["model", "merges", .item(rank)]
    case .gguf: ["tokenizer.ggml.merges", .item(rank)]
    }
  }

  /// Blames a tokenizer that is sound, but of a kind that we do not know.
  func unknown(_ reason: String) -> FormatError {
    var error = blame(reason)
    error.isUnknownTokenizer = true
    return error
  }

  mutating func add(_ spelling: [UInt8], id: Int, from place: @autoclosure () -> [ValueStep])
    throws(FormatError)
  {
    if let reason = vocabulary.add(spelling, id: id) { throw blame(reason, at: place()) }
  }

  /// Adds an added token, to the vocabulary too if it is not there yet.
  mutating func add(_ token: AddedTokens.Token, from place: [ValueStep]) throws(FormatError) {
    if let known = vocabulary.id(of: token.content) {
      guard known == token.id else {
        let name = String(decoding: token.content, as: UTF8.self)
        throw blame("added token \"\(name)\" has the ids \(known) and \(token.id)", at: place)
      }
    } else {
      try add(token.content, id: Int(token.id), from: place)
    }
    if let reason = added.add(token) { throw blame(reason, at: place) }
  }

  /// Checks an id that the file names.
  func checked(_ id: Int32?, _ name: String, from place: [ValueStep])
    throws(FormatError) -> Int32?
  {
    guard let id else { return nil }
    guard vocabulary.spelling(of: id) != nil else {
      throw blame("\(name) is \(id), but the vocabulary has no such token", at: place)
    }
    return id
  }

  /// The token that the file names, else the one with the customary spelling, which it must have.
  ///
  /// `place` is where the file asks for that spelling.
  func required(
    _ spelling: String,
    unless named: Int32? = nil,
    from place: [ValueStep]? = nil
  ) throws(FormatError) -> Int32 {
    if let named { return named }
    guard let id = vocabulary.id(of: Array(spelling.utf8)) else {
      throw blame("the token \"\(spelling)\" is missing from the vocabulary", at: place)
    }
    return id
  }

  /// Byte-level BPE over the vocabulary.
  ///
  /// A pair that is listed twice has its later rank, as in the reference.
  ///
  /// - Parameters:
  ///   - merges: pairs of tokens, the first merged first.
  ///   - unknown: stands for bytes that have no token.
  ///   - pretokenizer: cuts text into pieces.
  ///   - keepsWholes: whether a piece that is a token needs no merges to become it.
  /// - Returns: the encoder and what cuts text for it.
  /// - Throws: `FormatError` that names a merge without its tokens.
  func bytePairs(
    merges: [(left: [UInt8], right: [UInt8])],
    unknown: Int32?,
    pretokenizer: Pretokenizer,
    keepsWholes: Bool = false
  ) throws(FormatError) -> TokenModel {
    var table: [UInt64: UInt64] = [:]
    table.reserveCapacity(merges.count)
    for (rank, merge) in merges.enumerated() {
      guard let left = vocabulary.id(of: merge.left), let right = vocabulary.id(of: merge.right),
        let merged = vocabulary.id(of: merge.left + merge.right)
      else {
        let name = String(decoding: merge.left + [0x20] + merge.right, as: UTF8.self)
        throw blame(
          "merge \(rank), \"\(name)\", names or makes a token that does not exist",
          at: place(ofMerge: rank)
        )
      }
      table[UInt64(left) << 32 | UInt64(right)] = UInt64(rank) << 32 | UInt64(merged)
    }
    let bytes = (0 ... 255).map { byte in
      vocabulary.id(of: ByteAlphabet.shared.spelling(of: UInt8(byte))) ?? -1
    }
    return .bytePair(
      BytePairEncoder(
        bytes: bytes,
        unknown: unknown,
        merges: table,
        wholes: keepsWholes ? wholes() : nil
      ),
      pretokenizer
    )
  }

  /// The tokens that a piece of text may be, by their bytes.
  private func wholes() -> ByteTable {
    let special = Set(added.tokens.filter(\.isSpecial).map(\.id))
    var table = ByteTable(minimumCapacity: vocabulary.count)
    for id in 0 ..< Int32(vocabulary.count) where !special.contains(id) {
      guard let spelling = vocabulary.spelling(of: id),
        let bytes = ByteAlphabet.shared.bytes(of: spelling)
      else { continue }
      // Spellings are distinct, and so are the bytes that they stand for.
      _ = table.insert(bytes, value: id)
    }
    return table
  }

  /// WordPiece over the vocabulary.
  func wordPieces(
    normalizer: BertNormalizer,
    unknown: Int32,
    prefix: [UInt8],
    wordScalarsMax: Int
  ) throws(FormatError) -> TokenModel {
    try refuseNormalizedTokens()
    var heads = ByteTable(minimumCapacity: vocabulary.count)
    var tails = ByteTable(minimumCapacity: vocabulary.count)
    for id in 0 ..< Int32(vocabulary.count) {
      guard let spelling = vocabulary.spelling(of: id) else { continue }
      guard String(validating: spelling, as: UTF8.self) != nil else {
        // Only GGUF can hold such bytes.
        throw blame("token \(id) is not UTF-8", at: ["tokenizer.ggml.tokens", .item(Int(id))])
      }
      // Spellings are distinct, so neither insertion can meet its key again.
      _ = heads.insert(spelling, value: id)
      if spelling.count > prefix.count, spelling.starts(with: prefix) {
        _ = tails.insert(Array(spelling.dropFirst(prefix.count)), value: id)
      }
    }
    return .wordPiece(
      WordPieceEncoder(
        normalizer: normalizer,
        heads: heads,
        tails: tails,
        unknown: unknown,
        wordScalarsMax: wordScalarsMax
      )
    )
  }

  private func refuseNormalizedTokens() throws(FormatError) {
    guard let token = added.tokens.first(where: \.isNormalized) else { return }
    let name = String(decoding: token.content, as: UTF8.self)
    throw unknown("added token \"\(name)\" is matched after normalization, which we do not do")
  }

  /// Puts the tokenizer together.
  func tokenizer(
    model: TokenModel,
    template: PostTemplate,
    joiner: TokenJoiner,
    chatSource: String?,
    preparation: TextPreparation = TextPreparation()
  ) throws(FormatError) -> Tokenizer {
    if let reason = added.conflict() { throw unknown(reason) }
    if preparation.composes { try refuseNormalizedTokens() }
    var decoded: [[UInt8]?] = (0 ..< Int32(vocabulary.count)).map { id in
      guard let spelling = vocabulary.spelling(of: id), joiner == .bytes else {
        return vocabulary.spelling(of: id)
      }
      // What is spelled outside the byte alphabet cannot come from text; it means itself.
      return ByteAlphabet.shared.bytes(of: spelling) ?? spelling
    }
    for token in added.tokens { decoded[Int(token.id)] = token.content }
    let special = added.tokens.filter(\.isSpecial)
    let chat = chatSource.flatMap { source in
      ChatTemplate(
        source: source,
        start: special.first { $0.content == Array("<|im_start|>".utf8) }?.id,
        end: special.first { $0.content == Array("<|im_end|>".utf8) }?.id
      )
    }
    return Tokenizer(
      vocabulary: vocabulary,
      added: added,
      model: model,
      preparation: preparation,
      template: template,
      joiner: joiner,
      decoded: decoded,
      specialIDs: Set(special.map(\.id)),
      specials: endings(special),
      chatTemplate: chat
    )
  }

  /// The special tokens, with those that end a text by their name after the model's own.
  private func endings(_ special: [AddedTokens.Token]) -> SpecialTokens {
    var specials = specials
    for name in ["<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>"] {
      let token = special.first { $0.content == Array(name.utf8) }
      if let token, !specials.eos.contains(token.id) { specials.eos.append(token.id) }
    }
    return specials
  }
}
