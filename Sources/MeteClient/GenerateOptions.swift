import Wire

/// How text is generated: PROTOCOL.md §5; nil is the server's default.
public struct GenerateOptions: Sendable {
  /// Most tokens to generate.
  public var maxTokens: Int?
  /// 0 is greedy.
  public var temperature: Double?
  /// Only the so many likeliest tokens; 0 is off.
  public var topK: Int?
  /// Only the likeliest tokens up to this sum of probabilities.
  public var topP: Double?
  /// Only tokens of at least this part of the likeliest one's probability.
  public var minP: Double?
  /// Above 1 makes tokens that were there less likely.
  public var repetitionPenalty: Double?
  /// The same seed draws the same tokens.
  public var seed: UInt64?
  /// Strings that end the text and are not part of it.
  public var stop: [String] = []
  /// Whether the input is one user message, to be put into the model's chat format.
  public var isChat = false
  /// The system message of a chat.
  public var system: String?
  /// Whether to go on after the end-of-text token.
  public var ignoresEndOfText: Bool?

  /// The server's defaults.
  public init() {}

  /// The defaults with the two most common choices.
  ///
  /// - Parameters:
  ///   - maxTokens: Most tokens to generate.
  ///   - temperature: 0 is greedy.
  ///   - isChat: Whether the input is one user message.
  public init(maxTokens: Int, temperature: Double? = nil, isChat: Bool = false) {
    self.maxTokens = maxTokens
    self.temperature = temperature
    self.isChat = isChat
  }

  var params: KeyValuePairs<String, Value?> {
    [
      "max_tokens": maxTokens.map { Value($0) },
      "temperature": temperature.map(Value.double),
      "top_k": topK.map { Value($0) },
      "top_p": topP.map(Value.double),
      "min_p": minP.map(Value.double),
      "repetition_penalty": repetitionPenalty.map(Value.double),
      "seed": seed.map(Value.uint),
      "stop": stop.isEmpty ? nil : .array(stop.map(Value.string)),
      "format": isChat ? "chat" : nil,
      "system": system.map(Value.string),
      "ignore_eos": ignoresEndOfText.map(Value.bool),
    ]
  }
}
