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

  /// Room for a word, kept from one to the next.
  struct Scratch: Sendable {
    fileprivate var word: [UInt8] = []
    /// Of the word.
    fileprivate var scalars = 0
    /// Of the beginnings of what is looked for.
    fileprivate var hashes: [UInt64] = []

    init() {}

    fileprivate mutating func add(_ byte: UInt8) {
      word.append(byte)
      scalars += 1
    }
  }

  /// Appends the ids of a piece of text that was cut at breaks.
  func encode(_ text: [UInt8], _ range: Range<Int>, scratch: inout Scratch, to ids: inout [Int32]) {
    if isPlain(text, range) {
      encodePlain(text, range, &scratch, to: &ids)
    } else {
      for value in normalizer.normalized(text, range) {
        let traits = table.traits(of: value)
        if traits.contains(.space) {
          endWord(&scratch, to: &ids)
        } else if traits.contains(.punctuation) {
          endWord(&scratch, to: &ids)
          append(value, to: &scratch.word)
          scratch.scalars = 1
          endWord(&scratch, to: &ids)
        } else {
          append(value, to: &scratch.word)
          scratch.scalars += 1
        }
      }
    }
    endWord(&scratch, to: &ids)
  }

  /// Printable ASCII: of that the normalizer changes nothing but case.
  private func isPlain(_ text: [UInt8], _ range: Range<Int>) -> Bool {
    for index in range where text[index] < 0x20 || text[index] > 0x7E { return false }
    return true
  }

  private func encodePlain(
    _ text: [UInt8],
    _ range: Range<Int>,
    _ scratch: inout Scratch,
    to ids: inout [Int32]
  ) {
    for index in range {
      let byte = text[index]
      if byte == 0x20 {
        endWord(&scratch, to: &ids)
      } else if table.traits(of: UInt32(byte)).contains(.punctuation) {
        endWord(&scratch, to: &ids)
        scratch.add(byte)
        endWord(&scratch, to: &ids)
      } else {
        let isCapital = normalizer.lowercases && byte >= 0x41 && byte <= 0x5A
        scratch.add(isCapital ? byte + 0x20 : byte)
      }
    }
  }

  /// Appends the ids of the word that was gathered, and begins another.
  private func endWord(_ scratch: inout Scratch, to ids: inout [Int32]) {
    let mark = ids.count
    var start = 0
    while start < scratch.word.count {
      guard scratch.scalars <= wordScalarsMax,
        let match = longest(in: start == 0 ? heads : tails, &scratch, from: start)
      else {
        ids.removeSubrange(mark...)
        ids.append(unknown)
        break
      }
      ids.append(match.id)
      start = match.end
    }
    scratch.word.removeAll(keepingCapacity: true)
    scratch.scalars = 0
  }

  private func longest(
    in table: ByteTable,
    _ scratch: inout Scratch,
    from start: Int
  ) -> (id: Int32, end: Int)? {
    scratch.hashes.removeAll(keepingCapacity: true)
    var hash = ByteTable.seed
    for end in start ..< min(scratch.word.count, start + table.keyBytesMax) {
      hash = ByteTable.hash(hash, adding: scratch.word[end])
      scratch.hashes.append(hash)
    }
    // Most words are a token: from the longest on, one look is enough.
    while let hash = scratch.hashes.popLast() {
      let end = start + scratch.hashes.count + 1
      if let id = table.value(of: scratch.word, start ..< end, hash: hash) { return (id, end) }
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
