/// The ChatML format: `<|im_start|>role`, newline, content, `<|im_end|>`, newline, for each message.
///
/// Special tokens spelled out in a role or content stay plain text: a message cannot end itself or speak
/// for another role.
public struct ChatTemplate: Sendable, Equatable {
  /// What goes first if the first message is not the system's; nil if nothing does.
  public let defaultSystem: [UInt8]?
  /// The id of `<|im_start|>`.
  public let start: Int32
  /// The id of `<|im_end|>`.
  public let end: Int32

  /// One message.
  public struct Message: Sendable, Equatable {
    /// Who speaks: `system`, `user` or `assistant`.
    public var role: String
    /// What is said, UTF-8.
    public var content: [UInt8]

    /// Pairs a role with what it says.
    public init(role: String, content: [UInt8]) {
      self.role = role
      self.content = content
    }
  }

  /// Recognises the format; nil if `source` is of another, or does more than ChatML.
  ///
  /// - Parameters:
  ///   - source: the model's template, as Jinja text.
  ///   - start: the id of the special token `<|im_start|>`.
  ///   - end: the id of the special token `<|im_end|>`.
  init?(source: String, start: Int32?, end: Int32?) {
    guard let start, let end else { return nil }
    guard source.utf8Contains("<|im_start|>"), source.utf8Contains("<|im_end|>") else { return nil }
    // A template that trims gives other ids than ours for contents with white space around them.
    guard !source.utf8Contains("|trim"), !source.utf8Contains("| trim") else { return nil }
    self.start = start
    self.end = end
    defaultSystem = Self.defaultSystem(in: Array(source.utf8))
  }

  /// The ids of a conversation.
  ///
  /// - Parameters:
  ///   - messages: in order; a system message comes first or not at all.
  ///   - tokenizer: the tokenizer this template came with.
  ///   - generationPrompt: whether the assistant's turn is opened at the end.
  /// - Returns: the ids.
  public func encode(
    _ messages: [Message],
    with tokenizer: Tokenizer,
    generationPrompt: Bool = true
  ) -> [Int32] {
    var ids = opening(of: messages.first, with: tokenizer)
    for message in messages { ids += turn(message, with: tokenizer) }
    return generationPrompt ? ids + assistantPrompt(with: tokenizer) : ids
  }

  /// Tokenizes one user message that arrives in pieces, in a conversation that asks for an answer.
  ///
  /// - Parameters:
  ///   - system: the system message; nil takes the template's own, if it has one.
  ///   - tokenizer: the tokenizer this template came with.
  /// - Returns: a streaming tokenizer that takes the message's content.
  public func streamUserMessage(
    system: [UInt8]?,
    with tokenizer: Tokenizer
  ) -> StreamingTokenizer {
    var head: [Int32]
    if let system {
      head = turn(Message(role: "system", content: system), with: tokenizer)
    } else {
      head = opening(of: nil, with: tokenizer)
    }
    head.append(start)
    let newline = tokenizer.encode([0x0A], addSpecial: false, parsesSpecial: false)
    return StreamingTokenizer(
      tokenizer,
      plainBetween: head,
      and: [end] + newline + assistantPrompt(with: tokenizer),
      opening: Array("user\n".utf8)
    )
  }

  private func opening(of first: Message?, with tokenizer: Tokenizer) -> [Int32] {
    guard let defaultSystem, first?.role != "system" else { return [] }
    return turn(Message(role: "system", content: defaultSystem), with: tokenizer)
  }

  private func turn(_ message: Message, with tokenizer: Tokenizer) -> [Int32] {
    let body = Array((message.role + "\n").utf8) + message.content
    return [start] + plain(body, tokenizer) + [end] + plain([0x0A], tokenizer)
  }

  private func assistantPrompt(with tokenizer: Tokenizer) -> [Int32] {
    [start] + plain(Array("assistant\n".utf8), tokenizer)
  }

  private func plain(_ text: [UInt8], _ tokenizer: Tokenizer) -> [Int32] {
    tokenizer.encode(text, addSpecial: false, parsesSpecial: false)
  }
}

extension ChatTemplate {
  /// The longest default system message, in bytes.
  private static let systemBytesMax = 4_096

  /// The literal between `<|im_start|>system`, newline, and the next `<|im_end|>`.
  ///
  /// In Jinja source the newline is a real one or `\n`. A quote or brace before the end means that the
  /// text is put together there from the caller's messages, so that it is no default.
  private static func defaultSystem(in source: [UInt8]) -> [UInt8]? {
    let opening = Array("<|im_start|>system".utf8)
    let closing = Array("<|im_end|>".utf8)
    for place in source.indices where source[place...].starts(with: opening) {
      var rest = source[(place + opening.count)...]
      guard let newline = escapedNewline(at: rest) else { continue }
      rest = rest.dropFirst(newline)
      if let text = literal(rest, until: closing) { return text }
    }
    return nil
  }

  /// How many bytes a newline takes here; nil if there is none.
  private static func escapedNewline(at source: ArraySlice<UInt8>) -> Int? {
    if source.first == 0x0A { return 1 }
    return source.starts(with: [0x5C, 0x6E]) ? 2 : nil
  }

  private static func literal(_ source: ArraySlice<UInt8>, until closing: [UInt8]) -> [UInt8]? {
    var text: [UInt8] = []
    var rest = source
    while let byte = rest.first, text.count < systemBytesMax {
      if rest.starts(with: closing) { return text }
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "}"): return nil
      case UInt8(ascii: "\\"):
        rest = rest.dropFirst()
        guard let escaped = rest.first else { return nil }
        text.append(escaped == UInt8(ascii: "n") ? 0x0A : escaped)
      default: text.append(byte)
      }
      rest = rest.dropFirst()
    }
    return nil
  }
}

extension String {
  /// Whether the bytes of `part` occur; canonical equivalence plays no part.
  fileprivate func utf8Contains(_ part: String) -> Bool {
    let whole = Array(utf8)
    let wanted = Array(part.utf8)
    return whole.indices.contains { whole[$0...].starts(with: wanted) }
  }
}
