/// WordPiece over BERT's words: the longest token that begins the word, then the longest that continues
/// it, and so on; a word that cannot be spelled whole is the unknown token.
struct WordPieceEncoder: Sendable {
  let normalizer: BertNormalizer
  /// Tokens that begin a word, as spelled.
  let heads: ByteTable
  /// Tokens that continue a word, without the prefix.
  let tails: ByteTable
  let unknown: Int32
  /// A word of more scalars than this is the unknown token.
  let wordScalarsMax: Int
  private let table = ScalarTable.shared

  init(
    normalizer: BertNormalizer,
    heads: ByteTable,
    tails: ByteTable,
    unknown: Int32,
    wordScalarsMax: Int
  ) {
    self.normalizer = normalizer
    self.heads = heads
    self.tails = tails
    self.unknown = unknown
    self.wordScalarsMax = wordScalarsMax
  }

  /// Appends the ids of a piece of text that was cut at breaks.
  func encode(_ text: [UInt8], _ range: Range<Int>, to ids: inout [Int32]) {
    var word: [UInt8] = []
    // Of the beginnings of what is looked for.
    var hashes: [UInt64] = []
    var scalars = 0
    for value in normalizer.normalized(text, range) {
      let traits = table.traits(of: value)
      guard traits.contains(.space) || traits.contains(.punctuation) else {
        append(value, to: &word)
        scalars += 1
        continue
      }
      encode(word: word, scalars: scalars, &hashes, to: &ids)
      word.removeAll(keepingCapacity: true)
      scalars = 0
      if traits.contains(.space) { continue }
      append(value, to: &word)
      encode(word: word, scalars: 1, &hashes, to: &ids)
      word.removeAll(keepingCapacity: true)
    }
    encode(word: word, scalars: scalars, &hashes, to: &ids)
  }

  private func encode(
    word: [UInt8],
    scalars: Int,
    _ hashes: inout [UInt64],
    to ids: inout [Int32]
  ) {
    guard !word.isEmpty else { return }
    guard scalars <= wordScalarsMax else {
      ids.append(unknown)
      return
    }
    let mark = ids.count
    var start = 0
    while start < word.count {
      guard let match = longest(in: start == 0 ? heads : tails, word, from: start, &hashes) else {
        ids.removeSubrange(mark...)
        ids.append(unknown)
        return
      }
      ids.append(match.id)
      start = match.end
    }
  }

  private func longest(
    in table: ByteTable,
    _ word: [UInt8],
    from start: Int,
    _ hashes: inout [UInt64]
  ) -> (id: Int32, end: Int)? {
    hashes.removeAll(keepingCapacity: true)
    for end in start ..< min(word.count, start + table.keyBytesMax) {
      hashes.append(ByteTable.hash(hashes.last ?? ByteTable.seed, adding: word[end]))
    }
    // Most words are a token: from the longest on, one look is enough.
    while let hash = hashes.popLast() {
      let end = start + hashes.count + 1
      if let id = table.value(of: word, start ..< end, hash: hash) { return (id, end) }
    }
    return nil
  }

  /// Looks for the end of the piece that begins at `start`: a break alone, or what lies between breaks.
  func look(
    _ text: [UInt8],
    from start: Int,
    scanned: Int,
    limit: Int,
    isOpen: Bool
  ) -> PieceEnd {
    var index = scanned
    while index < limit {
      let next = scalar(in: text, at: index)
      if normalizer.isBreak(table.traits(of: next.value)) {
        let end = index == start ? index + next.length : index
        return .piece(end: end, run: end - start)
      }
      index += next.length
    }
    return isOpen ? .more(scanned: limit) : .piece(end: limit, run: limit - start)
  }
}
