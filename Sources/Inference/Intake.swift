import Models

/// Takes one request's pieces in, as tokens as far as they are certain, or as a whole.
struct Intake {
  private let tokenizer: Tokenizer
  private let vocabularyCount: Int
  private let begin: () -> StreamingTokenizer
  private var held = Held.nothing

  private enum Held {
    case nothing
    /// Text that is tokenized as it comes.
    case streaming(StreamingTokenizer)
    /// Text that is read as a whole.
    case text([UInt8])
    case tokens([Int32])
  }

  /// - Parameters:
  ///   - tokenizer: the model's.
  ///   - vocabularyCount: token ids lie below.
  ///   - begin: makes the tokenizer of streamed text, when its first piece comes.
  init(
    tokenizer: Tokenizer,
    vocabularyCount: Int,
    begin: @escaping () -> StreamingTokenizer
  ) {
    self.begin = begin
    self.tokenizer = tokenizer
    self.vocabularyCount = vocabularyCount
  }

  /// Takes a piece of streamed input.
  ///
  /// - Returns: the tokens that became certain.
  mutating func take(_ piece: Piece) throws(Refusal) -> [Int32] {
    try checkKind(of: piece)
    switch (piece, held) {
    case (.tokens(let ids), .nothing), (.tokens(let ids), .tokens):
      try check(ids)
      held = .tokens([])
      return ids
    case (.text(let bytes), .nothing):
      return try append(bytes, to: begin())
    case (.text(let bytes), .streaming(let streaming)):
      // The enum's own copy goes first, so that the tokenizer's buffers are not copied.
      held = .nothing
      return try append(bytes, to: streaming)
    default: throw Self.mixed
    }
  }

  /// Ends streamed input.
  ///
  /// - Returns: the tokens that were still uncertain.
  mutating func finish() throws(Refusal) -> [Int32] {
    if case .nothing = held { held = .streaming(begin()) }
    guard case .streaming(var streaming) = held else { return [] }
    held = .nothing
    do { return try streaming.finish() } catch { throw Self.refusal(error) }
  }

  /// Keeps a piece of input that is read as a whole.
  mutating func gather(_ piece: Piece, bytesMax: Int) throws(Refusal) {
    try checkKind(of: piece)
    switch (piece, held) {
    case (.text(let bytes), .nothing): held = .text(bytes)
    case (.tokens(let ids), .nothing): held = .tokens(ids)
    case (.text(let bytes), .text(var whole)):
      held = .nothing
      whole += bytes
      held = .text(whole)
    case (.tokens(let ids), .tokens(var whole)):
      held = .nothing
      whole += ids
      held = .tokens(whole)
    default: throw Self.mixed
    }
    guard heldBytes <= bytesMax else {
      throw Refusal(.inputTooLarge, "one input may have \(bytesMax) bytes; send a shorter text")
    }
  }

  /// What was gathered; an empty text if nothing was.
  func whole() -> Piece {
    switch held {
    case .text(let bytes): .text(bytes)
    case .tokens(let ids): .tokens(ids)
    case .nothing, .streaming: .text([])
    }
  }

  /// Turns a whole input into a text for an encoder, special tokens included.
  ///
  /// - Throws: `contextTooLong` when it has more tokens than the model positions and may not be cut.
  func encode(
    _ piece: Piece,
    _ parameters: EncodeParameters,
    positionsMax: Int
  ) throws(Refusal) -> (tokens: [Int32], types: [Int32]) {
    try checkKind(of: piece)
    let (tokens, types) = try encode(piece, pair: parameters.pair)
    guard !tokens.isEmpty else {
      throw Refusal(.badInput, "the text has no tokens, and the model adds none; send some text")
    }
    guard tokens.count > positionsMax else { return (tokens, types) }
    guard parameters.truncate, parameters.pair == nil, let last = tokens.last else {
      throw Refusal(
        .contextTooLong,
        "\(tokens.count) tokens, special ones included, and the model has \(positionsMax) positions; "
          + "shorten the text, or set truncate (a pair is not cut)"
      )
    }
    // The closing special token stays; the text before it is cut.
    return (tokens.prefix(positionsMax - 1) + [last], Array(types.prefix(positionsMax)))
  }

  private func encode(
    _ piece: Piece,
    pair: [UInt8]?
  ) throws(Refusal) -> (tokens: [Int32], types: [Int32]) {
    switch piece {
    case .tokens(let ids):
      try check(ids)
      guard !ids.isEmpty else {
        throw Refusal(.badInput, "an empty list of tokens; send at least one")
      }
      guard pair == nil else { throw Refusal(.badInput, "pair goes with text, not with tokens") }
      return (ids, [Int32](repeating: 0, count: ids.count))
    case .text(let text):
      if let pair {
        let both = tokenizer.encodePair(text, pair)
        return (both.ids, both.types)
      }
      let ids = tokenizer.encode(text, addSpecial: true)
      return (ids, [Int32](repeating: 0, count: ids.count))
    }
  }

  /// Refuses text where only tokens mean something.
  private func checkKind(of piece: Piece) throws(Refusal) {
    guard case .text = piece, let gap = tokenizer.gap else { return }
    throw Refusal(.unsuitableModel, "this model serves tokens only, not text: \(gap)")
  }

  private func check(_ ids: [Int32]) throws(Refusal) {
    guard let wrong = ids.first(where: { $0 < 0 || Int($0) >= vocabularyCount }) else { return }
    throw Refusal(
      .badInput,
      "token \(wrong) is not in the vocabulary of \(vocabularyCount) tokens"
    )
  }

  private var heldBytes: Int {
    switch held {
    case .text(let bytes): bytes.count
    case .tokens(let ids): ids.count * MemoryLayout<Int32>.stride
    case .nothing, .streaming: 0
    }
  }

  private mutating func append(
    _ bytes: [UInt8],
    to tokenizer: StreamingTokenizer
  ) throws(Refusal) -> [Int32] {
    var streaming = tokenizer
    do {
      let ids = try streaming.append(bytes)
      held = .streaming(streaming)
      return ids
    } catch { throw Self.refusal(error) }
  }

  private static var mixed: Refusal {
    Refusal(.badInput, "text and tokens do not mix in one input; send one kind")
  }

  private static func refusal(_ error: TokenizerError) -> Refusal {
    Refusal(.inputTooLarge, "\(error)")
  }
}
