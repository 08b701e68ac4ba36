/// Finds where the next pre-token of a Qwen2 or Llama 3 tokenizer ends, in text that may still grow.
///
/// The pattern is
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|`
/// `\s*[\r\n]+|\s+(?!\S)|\s+`, with n = 1 (Qwen2) or 3 (Llama 3): unlike GPT-2's, a word takes along
/// whatever one character stands before it, and white space ends with its last line break.
struct WordScanner: Sendable {
  /// Most digits of one pre-token.
  let digitsMax: Int
  private let table = ScalarTable.shared

  init(digitsMax: Int) { self.digitsMax = digitsMax }

  /// Looks for the end of the pre-token that begins at `start`, as `PretokenScanner.look` does.
  func look(
    _ text: [UInt8],
    from start: Int,
    scanned: Int,
    limit: Int,
    isOpen: Bool
  ) -> PieceEnd {
    let stretch = Stretch(text: text, start: start, limit: limit, isOpen: isOpen)
    let first = scalar(in: text, at: start)
    let second = start + first.length
    if first.value == 0x27, let found = contraction(stretch, from: second) { return found }
    let kind = Kind(first.value, table)
    switch kind {
    case .letter: return run(of: .letter, stretch, from: max(scanned, second))
    case .number: return digits(stretch)
    case .space, .lineBreak, .other: break
    }
    guard second < limit else {
      return isOpen ? .more(scanned: start) : .piece(end: second, run: first.length)
    }
    let next = Kind(scalar(in: text, at: second).value, table)
    if next == .letter, kind != .lineBreak {
      return run(of: .letter, stretch, from: max(scanned, second))
    }
    if kind == .other || first.value == 0x20 && next == .other {
      return others(stretch, from: max(scanned, second))
    }
    return spaces(stretch, from: max(scanned, second))
  }

  /// The classes of the pattern.
  private enum Kind {
    case letter, number, space, lineBreak, other

    init(_ value: UInt32, _ table: ScalarTable) {
      let traits = table.traits(of: value)
      if traits.contains(.letter) {
        self = .letter
      } else if traits.contains(.number) {
        self = .number
      } else if value == 0x0A || value == 0x0D {
        self = .lineBreak
      } else {
        self = traits.contains(.space) ? .space : .other
      }
    }
  }

  /// The text from the pre-token's start on, as far as it is known.
  private struct Stretch {
    let text: [UInt8]
    let start: Int
    let limit: Int
    let isOpen: Bool

    /// The end of a run that reaches `limit`.
    var atLimit: PieceEnd {
      isOpen ? .more(scanned: limit) : .piece(end: limit, run: limit - start)
    }

    func piece(_ end: Int, read: Int) -> PieceEnd { .piece(end: end, run: read - start) }
  }

  /// A contraction of any case whose apostrophe ends at `index`; nil if there is none.
  private func contraction(_ stretch: Stretch, from index: Int) -> PieceEnd? {
    guard index < stretch.limit else {
      return stretch.isOpen ? .more(scanned: stretch.start) : nil
    }
    let first = scalar(in: stretch.text, at: index)
    let wanted: UInt8
    switch first.value | 0x20 {
    // The long s is an s to a pattern that ignores case.
    case 0x73, 0x74, 0x6D, 0x64, 0x17F | 0x20:
      let isOne = first.value < 0x80 || first.value == 0x17F
      return isOne ? stretch.piece(index + first.length, read: index + first.length) : nil
    case 0x72, 0x76: wanted = 0x65
    case 0x6C: wanted = 0x6C
    default: return nil
    }
    guard first.length == 1 else { return nil }
    guard index + 1 < stretch.limit else {
      return stretch.isOpen ? .more(scanned: stretch.start) : nil
    }
    guard stretch.text[index + 1] | 0x20 == wanted else { return nil }
    return stretch.piece(index + 2, read: index + 2)
  }

  private func run(of kind: Kind, _ stretch: Stretch, from scanned: Int) -> PieceEnd {
    var index = scanned
    while index < stretch.limit {
      let next = scalar(in: stretch.text, at: index)
      if Kind(next.value, table) != kind { return stretch.piece(index, read: index) }
      index += next.length
    }
    return stretch.atLimit
  }

  private func digits(_ stretch: Stretch) -> PieceEnd {
    var index = stretch.start
    var count = 0
    while count < digitsMax, index < stretch.limit {
      let next = scalar(in: stretch.text, at: index)
      if Kind(next.value, table) != .number { return stretch.piece(index, read: index) }
      index += next.length
      count += 1
    }
    return count == digitsMax ? stretch.piece(index, read: index) : stretch.atLimit
  }

  /// Characters of no class, then line breaks.
  private func others(_ stretch: Stretch, from scanned: Int) -> PieceEnd {
    var index = scanned
    // An earlier look may have ended among the line breaks.
    let before = stretch.text[scanned - 1]
    var isAmongBreaks = before == 0x0A || before == 0x0D
    while index < stretch.limit {
      let next = scalar(in: stretch.text, at: index)
      let kind = Kind(next.value, table)
      if kind == .lineBreak {
        isAmongBreaks = true
      } else if kind != .other || isAmongBreaks {
        return stretch.piece(index, read: index)
      }
      index += next.length
    }
    return stretch.atLimit
  }

  /// White space to its last line break; without one, but for the last if something follows.
  private func spaces(_ stretch: Stretch, from scanned: Int) -> PieceEnd {
    var index = scanned
    while index < stretch.limit {
      let next = scalar(in: stretch.text, at: index)
      let kind = Kind(next.value, table)
      if kind != .space, kind != .lineBreak { return spaces(stretch, until: index, isLast: false) }
      index += next.length
    }
    return stretch.isOpen ? .more(scanned: index) : spaces(stretch, until: index, isLast: true)
  }

  private func spaces(_ stretch: Stretch, until end: Int, isLast: Bool) -> PieceEnd {
    let isBreak: (UInt8) -> Bool = { $0 == 0x0A || $0 == 0x0D }
    if let last = stretch.text[stretch.start ..< end].lastIndex(where: isBreak) {
      return stretch.piece(last + 1, read: end)
    }
    var last = end - 1
    while stretch.text[last] & 0xC0 == 0x80 { last -= 1 }
    return stretch.piece(isLast || last == stretch.start ? end : last, read: end)
  }
}
