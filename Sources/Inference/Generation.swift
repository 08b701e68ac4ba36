import Models

/// The answer of one Generate request as it grows: sampler, detokenizer, stop strings, limits.
struct Generation {
  private var sampler: Sampler
  private var detokenizer: StreamingDetokenizer
  private var stops: StopStrings
  private let ends: Set<Int32>
  private let tokensMax: Int
  private(set) var count = 0
  private var seen: Set<Int32>

  /// - Parameters:
  ///   - parameters: what the request asks for.
  ///   - tokenizer: the model's.
  ///   - prompt: the tokens before the answer.
  ///   - room: positions that are left after the prompt.
  init(_ parameters: GenerateParameters, tokenizer: Tokenizer, prompt: [Int32], room: Int) {
    sampler = Sampler(parameters.sampling)
    detokenizer = StreamingDetokenizer(tokenizer)
    stops = StopStrings(parameters.stops)
    ends = parameters.ignoresEnd ? [] : Set(tokenizer.specials.eos)
    tokensMax = min(parameters.tokensMax, room)
    seen = Set(prompt)
  }

  /// Picks the next token.
  ///
  /// - Parameter logits: of the last position.
  /// - Returns: the token with its text, and what ended the answer, if anything did.
  mutating func next(_ logits: Logits.Row) -> (GeneratedToken, Finish?) {
    let choice =
      sampler.settings.isPlain ? logits.likeliest : sampler.pick(logits.all[...], seen: seen)
    seen.insert(choice.token)
    count += 1
    var finish: Finish?
    var piece: [UInt8] = []
    if ends.contains(choice.token) {
      finish = .endOfText
    } else {
      piece = detokenizer.append(choice.token)
      if count == tokensMax { finish = .length }
    }
    let (text, stopped) = certain(piece, isLast: finish != nil)
    let token = GeneratedToken(
      token: choice.token,
      text: String(decoding: text, as: UTF8.self),
      logProbability: choice.logProbability
    )
    return (token, stopped ? .stopString : finish)
  }

  private mutating func certain(_ piece: [UInt8], isLast: Bool) -> ([UInt8], stopped: Bool) {
    let whole = isLast ? piece + detokenizer.finish() : piece
    switch stops.append(whole) {
    case .stopped(let text): return (text, true)
    case .text(let text): return (isLast ? text + stops.finish() : text, false)
    }
  }
}
