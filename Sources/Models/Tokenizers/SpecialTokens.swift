/// The ids of the tokens that mean something to the engine; nil where the model has none.
public struct SpecialTokens: Sendable, Equatable {
  /// Begins a text.
  public var bos: Int32?
  /// End generation; the model's own end token first.
  public var eos: [Int32]
  /// Begins a text for a classifier.
  public var cls: Int32?
  /// Ends a segment.
  public var sep: Int32?
  /// Fills a batch.
  public var pad: Int32?
  /// Stands for what the vocabulary cannot spell.
  public var unk: Int32?
  /// Stands for a hidden word.
  public var mask: Int32?

  /// A model without any.
  public init() { eos = [] }
}
