internal import Models
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

  /// Runs `body` on every batch, with tapes that do not record; what an earlier run kept of a round is taken.
  ///
  /// - Parameters:
  ///   - crew: works on as many batches at a time as it has tapes.
  ///   - stages: where what `body` gave is kept, round by round.
  ///   - name: what it is kept under.
  ///   - form: of what `body` gives.
  ///   - hears: is told how many texts are done after each round.
  ///   - body: is given a batch and a tape.
  ///   - takes: is given what `body` gave, in the order of the texts.
  /// - Throws: `FormatError` if what was kept is another run's, or cannot be read.
  func each<Value: Sendable>(
    _ crew: Crew<Float>,
    _ stages: RunStages,
    _ name: String,
    as form: NumberForm<Value>,
    hears: (Int) -> Void,
    _ body: @Sendable (TokenBatch, Tape<Float>) -> Value,
    takes: (Value) -> Void
  ) throws(FormatError) {
    let step = crew.count * Self.batchesPerRound
    for (number, first) in stride(from: 0, to: ranges.count, by: step).enumerated() {
      let round = ranges[first ..< min(first + step, ranges.count)]
      for value in try stages.kept(
        "\(name)-\(number)",
        as: form,
        make: { values(round, crew, body) }
      ) {
        takes(value)
      }
      hears(round.last?.upperBound ?? 0)
    }
  }

  private func values<Value: Sendable>(
    _ round: ArraySlice<Range<Int>>,
    _ crew: Crew<Float>,
    _ body: @Sendable (TokenBatch, Tape<Float>) -> Value
  ) -> [Value] {
    let parts = crew.map { index, tape -> [Value] in
      tape.isRecording = false
      defer { tape.isRecording = true }
      return stride(from: round.startIndex + index, to: round.endIndex, by: crew.count)
        .map { body(TokenBatch(texts[round[$0]]), tape) }
    }
    return (0 ..< round.count).map { parts[$0 % crew.count][$0 / crew.count] }
  }
}
