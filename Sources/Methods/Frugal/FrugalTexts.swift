internal import Models

/// A learning set as an encoder reads it.
struct FrugalTexts: Sendable {
  let train: [TokenizedText]
  let choose: [TokenizedText]
  let test: [TokenizedText]

  /// Tokenizes all parts.
  ///
  /// - Throws: `FormatError` if the checkpoint cannot read text.
  init(_ set: LearningSet, _ checkpoint: Checkpoint, tokensMax: Int) throws(FormatError) {
    guard let tokenizer = checkpoint.tokenizer, tokenizer.gap == nil else {
      throw FormatError(
        path: checkpoint.path,
        reason: "has no tokenizer that text could be read with"
      )
    }
    let (configuration, _) = try EncoderFolder.base(checkpoint)
    let reader = TextTokenizer(tokenizer, tokensMax: min(tokensMax, configuration.sequenceMax))
    train = reader.texts(set.train).texts
    choose = reader.texts(set.choose).texts
    test = reader.texts(set.test).texts
  }
}
