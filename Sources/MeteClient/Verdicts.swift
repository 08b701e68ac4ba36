public import Wire

/// What a model says of a stream after one of its tokens.
public struct Verdict: Sendable, Equatable {
  /// The token's place in the stream, from 0.
  public let position: Int
  /// The token's id.
  public let token: Int
  /// How many layers it went through.
  public let layer: Int
  /// Labels with their probabilities, best first; at least one.
  public let labels: [Label]
  /// Multiply-accumulates for the stream so far.
  public let macs: UInt64
  /// What the dense model would have spent so far.
  public let macsDense: UInt64
  /// Share of their experts that the layers ran which it went through, 0…1.
  public let experts: Double
  /// Whole characters that became certain with the token, perhaps none; nil if texts were not asked for.
  public let text: String?

  /// How sure the model is of the likeliest label.
  public var confidence: Double { labels[0].score }

  init?(reading message: Value) {
    guard let items = message.asArray, items.count == 7 || items.count == 8,
      let position = items[0].asInt, let token = items[1].asInt, let layer = items[2].asInt,
      let labels = items[3].asArray?.map(Label.init(reading:)), !labels.isEmpty,
      let macs = items[4].asUInt, let macsDense = items[5].asUInt, let experts = items[6].asDouble
    else { return nil }
    (self.position, self.token, self.layer) = (position, token, layer)
    (self.macs, self.macsDense, self.experts) = (macs, macsDense, experts)
    self.labels = labels.compactMap(\.self)
    text = items.count == 8 ? items[7].asString : nil
    guard self.labels.count == labels.count, items.count == 7 || text != nil else { return nil }
  }
}

extension Label {
  init?(reading pair: Value) {
    guard let pair = pair.asArray, pair.count == 2, let name = pair[0].asString,
      let score = pair[1].asDouble
    else { return nil }
    self.init(name: name, score: score)
  }
}

/// What a stream is asked for: PROTOCOL.md §5.2.
public struct StreamOptions: Sendable {
  /// Asks to be told when a label's probability has been above a bound for some tokens in a row.
  public struct Watch: Sendable {
    /// One of the model's labels.
    public var label: String
    /// 0…1.
    public var above: Double
    /// At least 1.
    public var tokens: Int
    /// Whether the call ends then.
    public var ends: Bool

    /// Watches a label.
    public init(label: String, above: Double, tokens: Int = 1, ends: Bool = false) {
      (self.label, self.above, self.tokens, self.ends) = (label, above, tokens, ends)
    }
  }

  /// Labels of a verdict at most; nil is all.
  public var topK: Int?
  /// The least probability that is told; the likeliest label always is.
  public var scoreMin: Double?
  /// `defer` or `propagate`, for a language model; nil is the server's default.
  public var policy: String?
  /// Whether early verdicts are corrected by deeper exits.
  public var refine = false
  /// Tell only when this becomes true; nil tells of every token.
  public var watch: Watch?
  /// Tokens that an encoder reads at a time; nil is the server's default.
  public var window: Int?
  /// An encoder's verdicts come after every so many tokens; nil is every token.
  public var stride: Int?
  /// Whether verdicts carry their token's text.
  public var text = false
  /// How long the stream may become on a language model, in tokens; nil is the server's default.
  public var maxTokens: Int?

  /// Starts from the defaults.
  public init() {}

  var params: KeyValuePairs<String, Value?> {
    [
      "top_k": topK.map { Value($0) }, "score_min": scoreMin.map(Value.double),
      "policy": policy.map(Value.string), "refine": refine ? true : nil,
      "watch": watch.map {
        [
          "label": .string($0.label), "above": .double($0.above), "tokens": Value($0.tokens),
          "end": .bool($0.ends),
        ]
      },
      "window": window.map { Value($0) }, "stride": stride.map { Value($0) },
      "text": text ? true : nil, "max_tokens": maxTokens.map { Value($0) },
    ]
  }
}

/// A conversation with a model that judges along: send pieces, and read a verdict per token meanwhile.
///
/// Send and read in different tasks if more is sent than the windows hold.
public struct Verdicts: AsyncSequence, Sendable {
  /// One verdict.
  public typealias Element = Verdict

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

  /// Begins to read; verdicts are read once.
  ///
  /// - Returns: Where the verdicts come out.
  public func makeAsyncIterator() -> Decoded<Verdict> {
    Decoded(call, "[position, token, layer, labels, …]", Verdict.init(reading:))
  }

  /// What it cost; waits for the end, and drops the verdicts if nobody reads them.
  public var bill: Bill {
    get async throws(MeteError) { try await call.result().bill }
  }
}

extension MeteClient {
  /// Begins to classify an input that is still being written, token by token.
  ///
  /// - Parameters:
  ///   - stream: What is asked for.
  ///   - options: What the call asks for.
  /// - Returns: Where to send the pieces and to read the verdicts.
  public func classifyStream(
    _ stream: StreamOptions = StreamOptions(),
    options: CallOptions = CallOptions()
  ) -> Verdicts {
    Verdicts(call: call("ClassifyStream", options: options.adding(stream.params)))
  }
}
