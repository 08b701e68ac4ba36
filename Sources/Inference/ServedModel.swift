public import Models

/// A model with the name that requests use for it.
public struct ServedModel: Sendable {
  /// What requests call it.
  public let name: String
  /// Shape and weights.
  public let checkpoint: Checkpoint
  /// Its tokenizer; one with a `gap` serves tokens only.
  public let tokenizer: Tokenizer

  /// Names a model.
  ///
  /// - Parameters:
  ///   - name: what requests call it.
  ///   - checkpoint: the opened model.
  /// - Throws: `FormatError` if it brought no tokenizer.
  public init(name: String, checkpoint: Checkpoint) throws(FormatError) {
    guard let tokenizer = checkpoint.tokenizer else {
      throw FormatError(
        path: checkpoint.path,
        reason: "holds no tokenizer; a Hugging Face directory needs tokenizer.json"
      )
    }
    self.name = name
    self.checkpoint = checkpoint
    self.tokenizer = tokenizer
  }
}
