public import Wire

/// What a model thinks may follow one token that it has read.
public struct Prediction: Sendable, Equatable {
  /// One token that may come next.
  public struct Candidate: Sendable, Equatable {
    /// Its id in the model's vocabulary.
    public let token: Int
    /// The natural logarithm of its probability.
    public let logprob: Double
  }

  /// The place of the token that was read, from 0.
  public let position: Int

  /// The token that was read.
  public let token: Int

  /// What may follow, likeliest first.
  public let candidates: [Candidate]

  init?(reading message: Value) {
    guard let items = message.asArray, items.count == 3, let position = items[0].asInt,
      let token = items[1].asInt, let pairs = items[2].asArray
    else { return nil }
    self.position = position
    self.token = token
    candidates = pairs.compactMap { pair in
      guard let pair = pair.asArray, pair.count == 2, let token = pair[0].asInt,
        let logprob = pair[1].asDouble
      else { return nil }
      return Candidate(token: token, logprob: logprob)
    }
    guard candidates.count == pairs.count else { return nil }
  }
}

/// A conversation with a model that reads along: send pieces, and read a prediction per token meanwhile.
///
/// Send and read in different tasks if more is sent than the windows hold.
public struct Predictions: AsyncSequence, Sendable {
  /// One prediction.
  public typealias Element = Prediction

  /// What iterating throws.
  public typealias Failure = MeteError

  /// The call below.
  public let call: Call

  /// Sends a piece of the input, when the server has given credit for it.
  ///
  /// - Parameter input: Text or tokens, which do not mix in one call.
  /// - Throws: `MeteError` when the call has ended.
  public func send(_ input: Input) async throws(MeteError) {
    for piece in input.pieces { try await call.send(piece) }
  }

  /// Says that the input is complete.
  public func halfClose() { call.halfClose() }

  /// Begins to read; predictions are read once.
  ///
  /// - Returns: Where the predictions come out.
  public func makeAsyncIterator() -> Decoded<Prediction> {
    Decoded(call, "[position, token, candidates]", Prediction.init(reading:))
  }

  /// What it cost; waits for the end, and drops the predictions if nobody reads them.
  public var bill: Bill {
    get async throws(MeteError) { try await call.result().bill }
  }
}
