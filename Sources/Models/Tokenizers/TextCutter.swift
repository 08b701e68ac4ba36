/// Cuts growing text into added tokens and the segments between them, which are encoded as soon as
/// nothing that may follow can change them.
///
/// Every byte is looked at a bounded number of times, however the text is cut when it comes in. Whole
/// texts go the same way, as one piece.
struct TextCutter: Sendable {
  /// Whether special tokens in the text are found; plain text has none.
  let parsesSpecial: Bool

  private var repair = UTF8Repair()
  /// Valid UTF-8 in which an added token may still begin.
  private var text: [UInt8] = []
  /// How far the search for added tokens got.
  private var searched = 0
  private var segment: TextSegment

  /// - Parameters:
  ///   - parsesSpecial: whether special tokens in the text are found.
  ///   - runBytesMax: the longest run without a break, in bytes.
  init(parsesSpecial: Bool, runBytesMax: Int) {
    self.parsesSpecial = parsesSpecial
    segment = TextSegment(runBytesMax: runBytesMax)
  }

  /// Takes more text and appends the ids that are certain now.
  mutating func append(
    _ bytes: [UInt8],
    with tokenizer: Tokenizer,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    repair.append(bytes, to: &text)
    try advance(tokenizer, isOpen: true, to: &ids)
  }

  /// Ends the text and appends the ids that were held back.
  mutating func finish(
    with tokenizer: Tokenizer,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    repair.finish(to: &text)
    try advance(tokenizer, isOpen: false, to: &ids)
    try segment.finish(strippingSpace: false, with: tokenizer, to: &ids)
    segment.begin(swallowingSpace: false)
  }

  /// Passes on what is certain to be no part of an added token, and forgets it.
  private mutating func advance(
    _ tokenizer: Tokenizer,
    isOpen: Bool,
    to ids: inout [Int32]
  ) throws(TokenizerError) {
    var passed = 0
    search: while true {
      switch tokenizer.added.firstMatch(in: text, from: searched, isOpen: isOpen) {
      case .token(let token, _, let end) where token.isSpecial && !parsesSpecial:
        searched = end
      case .token(let token, let matchStart, let end):
        try segment.append(text[passed ..< matchStart], with: tokenizer, to: &ids)
        try segment.finish(strippingSpace: token.stripsLeft, with: tokenizer, to: &ids)
        ids.append(token.id)
        segment.begin(swallowingSpace: token.stripsRight)
        (passed, searched) = (end, end)
      case .undecided(let place):
        searched = place
        break search
      case .nothing:
        searched = text.count
        break search
      }
    }
    try segment.append(text[passed ..< searched], with: tokenizer, to: &ids)
    text.removeSubrange(0 ..< searched)
    searched = 0
  }
}
