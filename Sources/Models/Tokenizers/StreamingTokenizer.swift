/// Tokenizes text that arrives in pieces: the ids are those of the whole text, each given out as soon as
/// nothing that may still come can change it.
///
/// Pieces may be cut anywhere, inside a character too. The work is linear in the text.
public struct StreamingTokenizer: Sendable {
  /// The longest run of text without a possible break, in bytes; longer ones are refused.
  public static let runBytesMax = 65_536

  private let tokenizer: Tokenizer
  private var cutter: TextCutter
  /// Ids that go before the first of the text.
  private var head: [Int32]
  /// Ids that go after the last of the text.
  private var tail: [Int32]
  /// Text of ours before the first piece.
  private var opening: [UInt8] = []

  /// Begins a text.
  ///
  /// - Parameters:
  ///   - tokenizer: the model's tokenizer.
  ///   - addSpecial: whether the model's special tokens go around the text.
  ///   - parsesSpecial: whether special tokens spelled out in the text count as such.
  public init(_ tokenizer: Tokenizer, addSpecial: Bool, parsesSpecial: Bool = true) {
    self.tokenizer = tokenizer
    cutter = TextCutter(parsesSpecial: parsesSpecial, runBytesMax: Self.runBytesMax)
    head = addSpecial ? tokenizer.template.prefix : []
    tail = addSpecial ? tokenizer.template.suffix : []
  }

  /// Begins a plain text between given ids, with `opening` before the first piece.
  init(
    _ tokenizer: Tokenizer,
    plainBetween head: [Int32],
    and tail: [Int32],
    opening: [UInt8]
  ) {
    self.tokenizer = tokenizer
    cutter = TextCutter(parsesSpecial: false, runBytesMax: Self.runBytesMax)
    self.head = head
    self.tail = tail
    self.opening = opening
  }

  /// Takes the next piece of the text.
  ///
  /// - Parameter bytes: any bytes; what is not UTF-8 becomes U+FFFD.
  /// - Returns: the ids that became certain.
  /// - Throws: `TokenizerError` with `runTooLong`; the text cannot go on after that.
  public mutating func append(_ bytes: [UInt8]) throws(TokenizerError) -> [Int32] {
    var ids = head
    head = []
    try cutter.append(opening + bytes, with: tokenizer, to: &ids)
    opening = []
    return ids
  }

  /// Ends the text.
  ///
  /// - Returns: the ids that were still held back.
  /// - Throws: `TokenizerError` with `runTooLong`.
  public mutating func finish() throws(TokenizerError) -> [Int32] {
    var ids = try append([])
    try cutter.finish(with: tokenizer, to: &ids)
    ids += tail
    tail = []
    return ids
  }
}
