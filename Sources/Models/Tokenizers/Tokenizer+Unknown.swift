extension Tokenizer {
  /// Stands in for a tokenizer of a kind that we do not know, so that its model serves tokens at least.
  ///
  /// - Parameters:
  ///   - reason: what is not known.
  ///   - path: the file that asks for it.
  /// - Throws: never in fact; putting a tokenizer together may.
  init(unknown reason: String, path: String) throws(FormatError) {
    let parts = TokenizerParts(path: path, source: .gguf(nil), tokensCount: 0)
    let nothing = BytePairEncoder(
      bytes: [Int32](repeating: -1, count: 256),
      unknown: nil,
      merges: [:]
    )
    self = try parts.tokenizer(
      model: .bytePair(nothing, .gpt2(PretokenScanner(splitsDigits: false))),
      template: PostTemplate(),
      joiner: .bytes,
      chatSource: nil
    )
    gap = reason
  }
}
