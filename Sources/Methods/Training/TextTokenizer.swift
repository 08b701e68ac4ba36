import Models

/// Turns examples into tokens, as the daemon does with the texts it classifies.
struct TextTokenizer {
  private let tokenizer: Tokenizer
  private let tokensMax: Int

  init(_ tokenizer: Tokenizer, tokensMax: Int) {
    self.tokenizer = tokenizer
    self.tokensMax = tokensMax
  }

  /// The examples of a part in their order, and how many were cut.
  func texts(_ part: Dataset) -> (texts: [TokenizedText], cutCount: Int) {
    var cutCount = 0
    let texts = part.items.map { item in
      let text = text(item)
      if text.isCut { cutCount += 1 }
      return text.text
    }
    return (texts, cutCount)
  }

  private func text(_ item: Dataset.Item) -> (text: TokenizedText, isCut: Bool) {
    var (ids, types): ([Int32], [Int32])
    if let pair = item.pair {
      let both = tokenizer.encodePair(Array(item.text.utf8), Array(pair.utf8))
      (ids, types) = (both.ids, both.types)
    } else {
      ids = tokenizer.encode(Array(item.text.utf8), addSpecial: true)
      types = [Int32](repeating: 0, count: ids.count)
    }
    let isCut = ids.count > tokensMax
    if isCut, let last = ids.last, let type = types.last {
      // The token that ends a text stays.
      ids = ids.prefix(tokensMax - 1) + [last]
      types = types.prefix(tokensMax - 1) + [type]
    }
    return (TokenizedText(tokens: ids, types: types, labels: item.labels), isCut)
  }
}
