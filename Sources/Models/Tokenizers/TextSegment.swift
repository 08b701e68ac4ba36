/// The text between two added tokens as it grows: brought into normal form, cut into pieces, encoded.
struct TextSegment: Sendable {
  /// The longest run without a break, in bytes.
  let runBytesMax: Int

  /// Normal text that is not encoded yet.
  private var text: [UInt8] = []
  /// Where the next piece begins.
  private var start = 0
  /// How far the search for the piece's end got.
  private var scanned = 0
  private var composer = StreamingComposer()
  /// Whether white space that comes first vanishes, because a token before it swallows it.
  private var swallowsSpace = false
  private var isEmpty = true
  private var scratch = TokenModel.Scratch()

  init(runBytesMax: Int) { self.runBytesMax = runBytesMax }

  /// Begins anew after an added token.
  mutating func begin(swallowingSpace: Bool) {
    text.removeAll(keepingCapacity: true)
    (start, scanned, isEmpty, swallowsSpace) = (0, 0, true, swallowingSpace)
  }

  /// Takes more text, valid UTF-8 in whole scalars, and appends the ids that are certain now.
  mutating func append(
    _ bytes: ArraySlice<UInt8>,
    with tokenizer: Tokenizer,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    var bytes = bytes
    if swallowsSpace {
      let count = leadingSpace(Array(bytes))
      bytes = bytes.dropFirst(count)
      if !bytes.isEmpty { swallowsSpace = false }
    }
    guard let first = bytes.first else { return }
    if isEmpty, tokenizer.preparation.prefixesSpace, first != 0x20 { text.append(0x20) }
    isEmpty = false
    if tokenizer.preparation.composes {
      try composer.append(bytes, heldBytesMax: runBytesMax, to: &text)
    } else {
      text += bytes
    }
    try encodePieces(tokenizer, isOpen: true, to: &ids)
    if start > 0 {
      // What is kept came with `bytes`, but for a few bytes: this stays linear.
      text.removeSubrange(0 ..< start)
      scanned -= start
      start = 0
    }
  }

  /// Ends the segment and appends the ids that were held back.
  mutating func finish(
    strippingSpace: Bool,
    with tokenizer: Tokenizer,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    composer.finish(to: &text)
    if strippingSpace { text.removeLast(text.count - withoutSpace()) }
    try encodePieces(tokenizer, isOpen: false, to: &ids)
  }

  private mutating func encodePieces(
    _ tokenizer: Tokenizer,
    isOpen: Bool,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    while start < text.count {
      let end = tokenizer.model.look(
        text,
        from: start,
        scanned: min(max(scanned, start), text.count),
        limit: text.count,
        isOpen: isOpen
      )
      switch end {
      case .more(let place):
        scanned = place
        return try checkRun(text.count - start)
      case .piece(let end, let run):
        try checkRun(run)
        tokenizer.model.encode(text, start ..< end, scratch: &scratch, to: &ids)
        (start, scanned) = (end, end)
      }
    }
  }

  /// Bytes of white space that `bytes` begins with.
  private func leadingSpace(_ bytes: [UInt8]) -> Int {
    var index = 0
    while index < bytes.count {
      let next = scalar(in: bytes, at: index)
      guard ScalarTable.shared.traits(of: next.value).contains(.space) else { break }
      index += next.length
    }
    return index
  }

  /// Where the white space at the end of the text begins, at `start` or later.
  private func withoutSpace() -> Int {
    var end = text.count
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
    if bytes > runBytesMax { throw .runTooLong(runBytesMax) }
  }
}
