/// Turns text into the ids a model was trained on, and back.
///
/// Byte-level BPE (GPT-2, RoBERTa, SmolLM, Qwen2, Llama 3) and BERT's WordPiece. Text is bytes on both sides; input that is not
/// UTF-8 becomes U+FFFD, one per maximal ill-formed part. Length limits and padding that a
/// `tokenizer.json` may ask for are not applied: what fits is the engine's to decide.
public struct Tokenizer: Sendable {
  let vocabulary: Vocabulary
  let added: AddedTokens
  let model: TokenModel
  let preparation: TextPreparation
  let template: PostTemplate
  let joiner: TokenJoiner
  /// What each id decodes to.
  let decoded: [[UInt8]?]
  /// Ids that `skipSpecial` leaves out.
  let specialIDs: Set<Int32>
  /// The ids of tokens that mean something to the engine.
  public internal(set) var specials: SpecialTokens
  /// What kind of tokenizer we do not know, where this one only stands in for it; else nil.
  ///
  /// Then it makes no tokens of any text, and no text of any token.
  public internal(set) var gap: String?
  /// How messages become one text, if the model knows one of the formats we know.
  public let chatTemplate: ChatTemplate?

  /// One more than the largest id.
  public var vocabularyCount: Int { decoded.count }

  /// The id of a token, spelled as the file spells it.
  ///
  /// - Parameter token: `"<|im_end|>"`, `"[CLS]"`, or `"Ġthe"` in a byte-level vocabulary.
  /// - Returns: nil if there is none.
  public func id(of token: String) -> Int32? { vocabulary.id(of: Array(token.utf8)) }

  /// What a token stands for: its bytes in a byte-level vocabulary, its spelling in a WordPiece one.
  ///
  /// - Parameter id: a token.
  /// - Returns: nil if the vocabulary has no such id.
  public func bytes(of id: Int32) -> [UInt8]? {
    decoded.indices.contains(Int(id)) ? decoded[Int(id)] : nil
  }

  /// Tokenizes a whole text.
  ///
  /// - Parameters:
  ///   - text: any bytes; what is not UTF-8 becomes U+FFFD.
  ///   - addSpecial: whether the model's special tokens go around the text.
  ///   - parsesSpecial: whether special tokens spelled out in the text count as such.
  /// - Returns: the ids.
  /// - Complexity: O(n log n), n the longest run without a break; else linear.
  public func encode(
    _ text: [UInt8],
    addSpecial: Bool,
    parsesSpecial: Bool = true
  ) -> [Int32] {
    let ids = encodeBare(text, parsesSpecial: parsesSpecial)
    return addSpecial ? template.prefix + ids + template.suffix : ids
  }

  /// Tokenizes two texts as one input with the model's special tokens.
  ///
  /// - Parameters:
  ///   - first: the first segment.
  ///   - second: the second segment.
  /// - Returns: ids, and of each the number of its segment.
  public func encodePair(_ first: [UInt8], _ second: [UInt8]) -> EncodedPair {
    var pair = EncodedPair()
    for piece in template.pair {
      switch piece {
      case .token(let id, let type): pair.append([id], type: type)
      case .first(let type): pair.append(encodeBare(first, parsesSpecial: true), type: type)
      case .second(let type): pair.append(encodeBare(second, parsesSpecial: true), type: type)
      }
    }
    return pair
  }

  /// Turns ids into bytes, which need not be UTF-8; ids outside the vocabulary add nothing.
  ///
  /// - Parameters:
  ///   - ids: the tokens.
  ///   - skipSpecial: whether special tokens add nothing.
  /// - Returns: the bytes.
  public func decode(_ ids: [Int32], skipSpecial: Bool) -> [UInt8] {
    var output: [UInt8] = []
    var isFirst = true
    for id in ids {
      guard let bytes = text(of: id, isFirst: isFirst, skipSpecial: skipSpecial) else { continue }
      output += bytes
      isFirst = false
    }
    return output
  }

  /// What `id` adds to a text; nil if it is left out.
  func text(of id: Int32, isFirst: Bool, skipSpecial: Bool) -> [UInt8]? {
    if skipSpecial, specialIDs.contains(id) { return nil }
    return bytes(of: id).map { joiner.text(of: $0, isFirst: isFirst) }
  }

  private func encodeBare(_ text: [UInt8], parsesSpecial: Bool) -> [Int32] {
    var ids: [Int32] = []
    var cutter = TextCutter(parsesSpecial: parsesSpecial, runBytesMax: .max)
    do {
      try cutter.append(text, with: self, to: &ids)
      try cutter.finish(with: self, to: &ids)
    } catch {
      preconditionFailure("a run longer than Int.max bytes: \(error)")
    }
    return ids
  }
}

/// What is done to the text between two added tokens before it is cut into pieces.
struct TextPreparation: Sendable, Equatable {
  /// Whether it is composed: Unicode's normal form C.
  var composes = false
  /// Whether a space goes before it unless it begins with one.
  var prefixesSpace = false
}

/// Two texts as one input.
public struct EncodedPair: Sendable, Equatable {
  /// The tokens.
  public var ids: [Int32] = []
  /// Of each token, the number of its segment.
  public var types: [Int32] = []

  mutating func append(_ ids: [Int32], type: Int32) {
    self.ids += ids
    types += repeatElement(type, count: ids.count)
  }
}
