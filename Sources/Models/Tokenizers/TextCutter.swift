/// Cuts growing text into added tokens and pieces that are encoded on their own, and encodes them as soon
/// as nothing that may follow can change them.
///
/// Every byte is looked at a bounded number of times, however the text is cut when it comes in. Whole
/// texts go the same way, as one piece.
struct TextCutter: Sendable {
  /// Whether special tokens in the text are found; plain text has none.
  let parsesSpecial: Bool
  /// The longest run without a break, in bytes.
  let runBytesMax: Int

  private var repair = UTF8Repair()
  /// Valid UTF-8 that is not encoded yet.
  private var text: [UInt8] = []
  /// Where the next piece begins.
  private var start = 0
  /// How far the search for the piece's end got.
  private var scanned = 0
  /// How far the search for added tokens got.
  private var searched = 0
  /// Whether a token just before `start` swallows white space.
  private var swallowsSpace = false
  private var scratch = BytePairEncoder.Scratch()

  init(parsesSpecial: Bool, runBytesMax: Int) {
    self.parsesSpecial = parsesSpecial
    self.runBytesMax = runBytesMax
  }

  /// Takes more text and appends the ids that are certain now.
  mutating func append(
    _ bytes: [UInt8],
    with tokenizer: Tokenizer,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    repair.append(bytes, to: &text)
    try advance(tokenizer, isOpen: true, to: &ids)
    if start > 0 {
      // What is kept came with `bytes`, but for a few bytes: this stays linear.
      text.removeSubrange(0 ..< start)
      scanned -= start
      searched -= start
      start = 0
    }
  }

  /// Ends the text and appends the ids that were held back.
  mutating func finish(
    with tokenizer: Tokenizer,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    repair.finish(to: &text)
    try advance(tokenizer, isOpen: false, to: &ids)
    text = []
    (start, scanned, searched, swallowsSpace) = (0, 0, 0, false)
  }

  private mutating func advance(
    _ tokenizer: Tokenizer,
    isOpen: Bool,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    while true {
      switch tokenizer.added.firstMatch(in: text, from: searched, isOpen: isOpen) {
      case .token(let token, _, let end) where token.isSpecial && !parsesSpecial:
        searched = end
      case .token(let token, let matchStart, let end):
        let limit = token.stripsLeft ? withoutSpace(before: matchStart) : matchStart
        try encodePieces(tokenizer, limit: limit, isOpen: false, to: &ids)
        ids.append(token.id)
        (start, scanned, searched) = (end, end, end)
        swallowsSpace = token.stripsRight
      case .undecided(let place):
        searched = place
        return try encodePieces(tokenizer, limit: place, isOpen: true, to: &ids)
      case .nothing:
        searched = text.count
        return try encodePieces(tokenizer, limit: text.count, isOpen: isOpen, to: &ids)
      }
    }
  }

  /// Encodes the segment from `start` as far as it is certain.
  private mutating func encodePieces(
    _ tokenizer: Tokenizer,
    limit: Int,
    isOpen: Bool,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    if swallowsSpace { swallow(limit: limit) }
    while start < limit {
      let end = tokenizer.model.look(
        text,
        from: start,
        scanned: scanned,
        limit: limit,
        isOpen: isOpen
      )
      switch end {
      case .more(let place):
        scanned = place
        return try checkRun(limit - start)
      case .piece(let end, let run):
        try checkRun(run)
        tokenizer.model.encode(text, start ..< end, scratch: &scratch, to: &ids)
        (start, scanned) = (end, end)
      }
    }
  }

  private mutating func swallow(limit: Int) {
    while start < limit {
      let next = scalar(in: text, at: start)
      guard ScalarTable.shared.traits(of: next.value).contains(.space) else {
        swallowsSpace = false
        break
      }
      start += next.length
    }
    scanned = max(scanned, start)
  }

  /// Where the white space that ends at `end` begins, at `start` or later.
  private func withoutSpace(before end: Int) -> Int {
    var end = end
    while end > start {
      var place = end - 1
      while place > start, text[place] & 0xC0 == 0x80 { place -= 1 }
      let traits = ScalarTable.shared.traits(of: scalar(in: text, at: place).value)
      guard traits.contains(.space) else { break }
      end = place
    }
    return end
  }

  private func checkRun(_ bytes: Int) throws(TokenizerError) {
    guard bytes > runBytesMax else { return }
    throw TokenizerError(
      code: .runTooLong,
      reason: "an unbroken run of text is longer than \(runBytesMax) bytes (run_bytes_max)"
    )
  }
}
