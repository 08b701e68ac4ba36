/// Turns ids into text as they come, whole characters only.
///
/// All outputs joined are the decoded text of all ids, with what is not UTF-8 replaced by U+FFFD.
public struct StreamingDetokenizer: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  private var isFirst = true
  private var repair = UTF8Repair()

  /// Begins a text.
  ///
  /// - Parameters:
  ///   - tokenizer: the model's tokenizer.
  ///   - skipSpecial: whether special tokens add nothing to the text.
  public init(_ tokenizer: Tokenizer, skipSpecial: Bool = true) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
  }

  /// Takes the next id; an id outside the vocabulary adds nothing.
  ///
  /// - Parameter id: a token.
  /// - Returns: the text that became certain, valid UTF-8, possibly empty.
  public mutating func append(_ id: Int32) -> [UInt8] {
    guard let bytes = tokenizer.text(of: id, isFirst: isFirst, skipSpecial: skipSpecial) else {
      return []
    }
    isFirst = false
    var output: [UInt8] = []
    repair.append(bytes, to: &output)
    return output
  }

  /// Ends the text.
  ///
  /// - Returns: U+FFFD if the ids ended inside a character, else nothing.
  public mutating func finish() -> [UInt8] {
    var output: [UInt8] = []
    repair.finish(to: &output)
    return output
  }
}
