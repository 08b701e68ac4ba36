import Tensors

/// Cuts texts into batches of about equally many tokens, which the tapes of a crew work on in turns.
///
/// Batches follow from the texts alone, not from the crew: the same texts give the same numbers with any number of threads.
struct DecoderRounds: Sendable {
  /// Tokens of a batch, unless one text has more: enough for the products to be fast, and for their results to stay near.
  static let tokensMax = 1024
  /// Batches of one tape before it waits for the others: several, for threads that share cores are rarely equally fast.
  static let batchesPerRound = 4

  /// Each batch's texts, by their places.
  let ranges: [Range<Int>]
  private let texts: [TokenizedText]

  init(_ texts: [TokenizedText]) {
    self.texts = texts
    var (ranges, start, tokens) = ([Range<Int>](), 0, 0)
    for (place, text) in texts.enumerated() {
      if place > start, tokens + text.tokens.count > Self.tokensMax {
        ranges.append(start ..< place)
        (start, tokens) = (place, 0)
      }
      tokens += text.tokens.count
    }
    if start < texts.count { ranges.append(start ..< texts.count) }
    self.ranges = ranges
  }

  /// Runs `body` on every batch, with tapes that do not record.
  ///
  /// - Parameters:
  ///   - crew: works on as many batches at a time as it has tapes.
  ///   - hears: is told how many texts are done after each round.
  ///   - body: is given a batch and a tape.
  ///   - takes: is given what `body` gave, in the order of the texts.
  func each<Value: Sendable>(
    _ crew: Crew<Float>,
    hears: (Int) -> Void,
    _ body: @Sendable (TokenBatch, Tape<Float>) -> Value,
    takes: (Value) -> Void
  ) {
    let step = crew.count * Self.batchesPerRound
    for first in stride(from: 0, to: ranges.count, by: step) {
      let round = ranges[first ..< min(first + step, ranges.count)]
      let parts = crew.map { index, tape -> [Value] in
        tape.isRecording = false
        defer { tape.isRecording = true }
        return stride(from: first + index, to: round.endIndex, by: crew.count)
          .map { body(TokenBatch(texts[round[$0]]), tape) }
      }
      for place in 0 ..< round.count { takes(parts[place % crew.count][place / crew.count]) }
      hears(round.last?.upperBound ?? 0)
    }
  }
}
