/// The tokenizer part of a GGUF file's metadata (`tokenizer.ggml.*`), as it stands there.
public struct GGUFVocabulary: Sendable, Equatable {
  /// `tokenizer.ggml.model`: `gpt2` or `bert`.
  public var model: String
  /// `tokenizer.ggml.pre`, such as `gpt-2`; of no effect for `bert`.
  public var pre: String
  /// `tokenizer.ggml.tokens`.
  public var tokens: [[UInt8]]
  /// `tokenizer.ggml.token_type`, one per token, or empty: all normal.
  public var tokenTypes: [Int32]
  /// `tokenizer.ggml.merges`, `left right`.
  public var merges: [[UInt8]]
  /// `tokenizer.ggml.bos_token_id`.
  public var bos: Int32?
  /// `tokenizer.ggml.eos_token_id`.
  public var eos: Int32?
  /// `tokenizer.ggml.unknown_token_id`.
  public var unk: Int32?
  /// `tokenizer.ggml.seperator_token_id`; the format spells it so.
  public var sep: Int32?
  /// `tokenizer.ggml.padding_token_id`.
  public var pad: Int32?
  /// `tokenizer.ggml.cls_token_id`.
  public var cls: Int32?
  /// `tokenizer.ggml.mask_token_id`.
  public var mask: Int32?
  /// `tokenizer.ggml.add_bos_token`; nil where the file does not say.
  public var addBos: Bool?
  /// `tokenizer.ggml.add_eos_token`; nil where the file does not say.
  public var addEos: Bool?
  /// `tokenizer.chat_template`.
  public var chatTemplate: String?

  /// A vocabulary without special tokens, to be filled in.
  public init(model: String, pre: String, tokens: [[UInt8]]) {
    self.model = model
    self.pre = pre
    self.tokens = tokens
    tokenTypes = []
    merges = []
  }
}
