/// What tokenizers ask of a Unicode scalar, one bit per question.
///
/// Every answer is the one the reference tokenizers give, which carry tables of different ages: the
/// GPT-2 pattern knows Unicode 16.0, the BERT normalizer 8.0. A scalar assigned later counts as
/// unassigned, which `properties.age` tells.
struct ScalarTraits: OptionSet, Sendable {
  let rawValue: UInt8

  /// `\p{L}` of the GPT-2 pattern.
  static let letter = ScalarTraits(rawValue: 1)
  /// `\p{N}` of the GPT-2 pattern.
  static let number = ScalarTraits(rawValue: 2)
  /// `\s`, Unicode's White_Space.
  static let space = ScalarTraits(rawValue: 4)
  /// Stands alone where digits are split one by one.
  static let digit = ScalarTraits(rawValue: 8)
  /// A word of its own to BERT: ASCII punctuation and symbols, or general category P.
  static let punctuation = ScalarTraits(rawValue: 16)
  /// Dropped by BERT's text cleaning.
  static let unclean = ScalarTraits(rawValue: 32)
  /// Set apart by spaces where BERT handles Chinese characters.
  static let chinese = ScalarTraits(rawValue: 64)
  /// Dropped by BERT's accent stripping: general category Mn.
  static let mark = ScalarTraits(rawValue: 128)

  /// Asks the Unicode database; `ScalarTable` remembers the answers.
  init(of scalar: Unicode.Scalar) {
    let properties = scalar.properties
    let category = properties.generalCategory
    let age = properties.age ?? (major: Int.max, minor: 0)
    var traits: ScalarTraits = []
    switch category {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      if age.major <= 16 { traits.insert(.letter) }
    case .decimalNumber, .letterNumber, .otherNumber:
      traits.insert(.digit)
      if age.major <= 16 { traits.insert(.number) }
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      if age.major <= 8 { traits.insert(.punctuation) }
    case .control, .format, .privateUse:
      if age.major <= 8 { traits.insert(.unclean) }
    case .nonspacingMark:
      if age.major <= 8 { traits.insert(.mark) }
    default: break
    }
    if properties.isWhitespace { traits.insert(.space) }
    if Self.chineseBlocks.contains(where: { $0.contains(scalar.value) }) { traits.insert(.chinese) }
    traits.correct(for: scalar.value)
    self = traits
  }

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The third to last block begins 0x100 late in the reference; so it does here.
  private static let chineseBlocks: [ClosedRange<UInt32>] = [
    0x3400 ... 0x4DBF, 0x4E00 ... 0x9FFF, 0xF900 ... 0xFAFF, 0x20000 ... 0x2A6DF,
    0x2A700 ... 0x2B73F, 0x2B740 ... 0x2B81F, 0x2B920 ... 0x2CEAF, 0x2F800 ... 0x2FA1F,
  ]

  /// What categories of today do not say about the tables of then.
  private mutating func correct(for value: UInt32) {
    switch value {
    case 0x21 ... 0x2F, 0x3A ... 0x40, 0x5B ... 0x60, 0x7B ... 0x7E, 0x166D: insert(.punctuation)
    case 0x09, 0x0A, 0x0D: remove(.unclean)
    case 0xFFFD: insert(.unclean)
    // These changed their category after Unicode 8.0.
    case 0x1734, 0x1171E: insert(.mark)
    case 0x1885, 0x1886, 0xA9BD: remove(.mark)
    case 0x111C9:
      remove(.mark)
      insert(.punctuation)
    default: break
    }
  }
}

/// The traits of the first two planes, where all but a few scalars of real text lie.
struct ScalarTable: Sendable {
  private let traits: [UInt8]

  /// Filled once per process, at first use.
  static let shared = ScalarTable()

  private init() {
    traits = (UInt32(0) ..< 0x20000).map { value in
      Unicode.Scalar(value).map { ScalarTraits(of: $0).rawValue } ?? 0
    }
  }

  /// The traits of a scalar given by its value.
  func traits(of value: UInt32) -> ScalarTraits {
    if Int(value) < traits.count { return ScalarTraits(rawValue: traits[Int(value)]) }
    return Unicode.Scalar(value).map { ScalarTraits(of: $0) } ?? []
  }
}
