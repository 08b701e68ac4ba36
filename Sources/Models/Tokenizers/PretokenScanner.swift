/// Finds where the next pre-token of a byte-level tokenizer ends, in text that may still grow.
///
/// The pattern is GPT-2's,
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
struct PretokenScanner: Sendable {
  /// Whether every digit is a segment of its own, cut out before the pattern runs.
  let splitsDigits: Bool
  private let table = ScalarTable.shared

  init(splitsDigits: Bool) { self.splitsDigits = splitsDigits }

  /// Looks for the end of the pre-token that begins at `start`.
  ///
  /// - Parameters:
  ///   - text: valid UTF-8.
  ///   - start: where the pre-token begins, below `limit`.
  ///   - scanned: how far an earlier look got; only bytes from here on are read again.
  ///   - limit: the end of the segment as far as it is known.
  ///   - isOpen: whether more of the segment may follow `limit`.
  /// - Returns: the end, or that more text must come first.
  func look(
    _ text: [UInt8],
    from start: Int,
    scanned: Int,
    limit: Int,
    isOpen: Bool
  ) -> PieceEnd {
    let first = scalar(in: text, at: start)
    let second = start + first.length
    if splitsDigits, table.traits(of: first.value).contains(.digit) {
      return .piece(end: second, run: first.length)
    }
    if first.value == 0x27 {
      if let found = contraction(text, from: second, limit: limit, isOpen: isOpen) { return found }
    }
    guard first.value == 0x20 else {
      return run(
        of: Kind(table.traits(of: first.value)),
        text,
        from: start,
        scanned: max(scanned, second),
        limit: limit,
        isOpen: isOpen
      )
    }
    // A space belongs to the run after it, unless that is white space or the segment ends.
    guard second < limit else {
      return isOpen ? .more(scanned: second) : .piece(end: second, run: 1)
    }
    let next = table.traits(of: scalar(in: text, at: second).value)
    let kind = splitsDigits && next.contains(.digit) ? .space : Kind(next)
    return run(
      of: kind,
      text,
      from: start,
      scanned: max(scanned, second),
      limit: limit,
      isOpen: isOpen
    )
  }

  /// The classes of the pattern.
  private enum Kind {
    case letter, number, space, other

    init(_ traits: ScalarTraits) {
      if traits.contains(.letter) {
        self = .letter
      } else if traits.contains(.number) {
        self = .number
      } else {
        self = traits.contains(.space) ? .space : .other
      }
    }
  }

  /// `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll` whose apostrophe ends at `index`; nil if none.
  private func contraction(
    _ text: [UInt8],
    from index: Int,
    limit: Int,
    isOpen: Bool
  ) -> PieceEnd? {
    guard index < limit else { return isOpen ? .more(scanned: index) : nil }
    let wanted: UInt8
    switch text[index] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return .piece(end: index + 1, run: 2)
    case UInt8(ascii: "r"), UInt8(ascii: "v"): wanted = UInt8(ascii: "e")
    case UInt8(ascii: "l"): wanted = UInt8(ascii: "l")
    default: return nil
    }
    guard index + 1 < limit else { return isOpen ? .more(scanned: index) : nil }
    return text[index + 1] == wanted ? .piece(end: index + 2, run: 3) : nil
  }

  /// Follows a run of one class to its end.
  private func run(
    of kind: Kind,
    _ text: [UInt8],
    from start: Int,
    scanned: Int,
    limit: Int,
    isOpen: Bool
  ) -> PieceEnd {
    var index = scanned
    while index < limit {
      let next = scalar(in: text, at: index)
      let traits = table.traits(of: next.value)
      if splitsDigits, traits.contains(.digit) { return .piece(end: index, run: index - start) }
      if Kind(traits) != kind {
        // `\s+(?!\S)` leaves the last space to the run after it, if it is not the only one.
        let last = kind == .space ? lastScalar(text, before: index) : start
        return .piece(end: last > start ? last : index, run: index - start)
      }
      index += next.length
    }
    return isOpen ? .more(scanned: limit) : .piece(end: limit, run: limit - start)
  }

  private func lastScalar(_ text: [UInt8], before end: Int) -> Int {
    var index = end - 1
    while text[index] & 0xC0 == 0x80 { index -= 1 }
    return index
  }
}

/// Where a piece of text ends that is encoded on its own.
enum PieceEnd: Equatable {
  /// It ends at `end`; to know so, an unbroken run of `run` bytes was read.
  case piece(end: Int, run: Int)
  /// More text must come before the end is known; the next look may begin at `scanned`.
  case more(scanned: Int)
}
