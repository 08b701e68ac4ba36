/// What cuts text into the pieces that byte pairs are merged in.
enum Pretokenizer: Sendable {
  /// GPT-2's pattern.
  case gpt2(PretokenScanner)
  /// The pattern of Qwen2 and Llama 3.
  case words(WordScanner)
}

/// What turns pieces of text into ids: byte pairs or word pieces.
enum TokenModel: Sendable {
  case bytePair(BytePairEncoder, Pretokenizer)
  case wordPiece(WordPieceEncoder)

  /// Room that encoding needs, kept from one piece to the next.
  struct Scratch: Sendable {
    fileprivate var bytePair = BytePairEncoder.Scratch()
    fileprivate var wordPiece = WordPieceEncoder.Scratch()

    init() {}
  }

  /// Looks for the end of the piece that begins at `start`.
  func look(
    _ text: [UInt8],
    from start: Int,
    scanned: Int,
    limit: Int,
    isOpen: Bool
  ) -> PieceEnd {
    switch self {
    case .bytePair(_, .gpt2(let scanner)):
      scanner.look(text, from: start, scanned: scanned, limit: limit, isOpen: isOpen)
    case .bytePair(_, .words(let scanner)):
      scanner.look(text, from: start, scanned: scanned, limit: limit, isOpen: isOpen)
    case .wordPiece(let encoder):
      encoder.look(text, from: start, scanned: scanned, limit: limit, isOpen: isOpen)
    }
  }

  /// Appends the ids of one piece.
  func encode(
    _ text: [UInt8],
    _ range: Range<Int>,
    scratch: inout Scratch,
    to ids: inout [Int32]
  ) {
    switch self {
    case .bytePair(let encoder, _):
      encoder.encode(text, range, scratch: &scratch.bytePair, to: &ids)
    case .wordPiece(let encoder): encoder.encode(text, range, scratch: &scratch.wordPiece, to: &ids)
    }
  }
}
