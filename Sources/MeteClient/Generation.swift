public import Wire

/// One generated token.
public struct GeneratedToken: Sendable, Equatable {
  /// Its id in the model's vocabulary.
  public let token: Int

  /// The text that became certain with it, perhaps none; all of them joined are the answer.
  public let text: String

  /// The natural logarithm of its probability, before temperature and filters.
  public let logprob: Double

  init?(reading message: Value) {
    guard let items = message.asArray, items.count == 3, let token = items[0].asInt,
      let text = items[1].asString, let logprob = items[2].asDouble
    else { return nil }
    self.token = token
    self.text = text
    self.logprob = logprob
  }
}

/// Why a generation ended.
public enum Finish: String, Sendable {
  /// The model's end-of-text token.
  case stop
  /// One of the stop strings.
  case stopString = "stop_string"
  /// The most tokens were reached.
  case length
  /// What the call may cost was spent.
  case budget
}

/// Text while it is being generated: read the tokens, then the finish and the bill.
public struct Generation: AsyncSequence, Sendable {
  /// One generated token.
  public typealias Element = GeneratedToken

  /// What iterating throws.
  public typealias Failure = MeteError

  /// The call below.
  public let call: Call

  /// Begins to read; tokens are read once.
  ///
  /// - Returns: Where the tokens come out.
  public func makeAsyncIterator() -> Decoded<GeneratedToken> {
    Decoded(call, "[token, text, logprob]", GeneratedToken.init(reading:))
  }

  /// Reads to the end.
  ///
  /// - Returns: All text, and what it cost.
  /// - Throws: `MeteError` for every end other than OK.
  public func text() async throws(MeteError) -> Billed<String> {
    var text = ""
    for try await token in self { text += token.text }
    return Billed(text, bill: try await bill)
  }

  /// What it cost; waits for the end, and drops the tokens if nobody reads them.
  public var bill: Bill {
    get async throws(MeteError) { try await call.result().bill }
  }

  /// Why it ended; waits for the end, and drops the tokens if nobody reads them.
  public var finish: Finish {
    get async throws(MeteError) {
      let end = try await call.result().end
      guard let finish = end.metadata["finish"]?.asString.flatMap(Finish.init(rawValue:)) else {
        throw MeteError.badReply(call.method, "a known `finish`")
      }
      return finish
    }
  }
}
