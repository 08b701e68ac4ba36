public import Models

/// How the tokens of a stream are classified as they come.
public struct StreamParameters: Sendable, Equatable {
  /// Put a language model's beginning-of-text token first, if it has one; encoders put theirs around every window.
  public var special = true
  /// Positions to reserve memory for; an encoder's stream may be of any length.
  public var tokensMax = 1024
  /// Labels of a verdict at most; nil is all.
  public var labelsMax: Int?
  /// The least probability of a label that is told; the likeliest always is.
  public var scoreMin: Float = 0
  /// What becomes of the layers that a token leaves out; nil is what the model's heads say, or to make up for them.
  ///
  /// Encoders have none to owe.
  public var policy: StreamPolicy?
  /// Settings by themselves, instead of an effort.
  public var explicit = ExplicitSetting()
  /// Tell an early verdict and go on: deeper exits correct it.
  public var refines = false
  /// Tell only of tokens at which this becomes true; nil tells of every token.
  public var watch: Watch?
  /// Tokens that an encoder reads at a time, its special ones included; nil is 64, or as many as it has positions.
  public var window: Int?
  /// An encoder gives a verdict after every so many tokens, and after the last.
  public var stride = 1
  /// Whether a verdict carries the token's text.
  public var text = false

  /// Starts from the defaults.
  public init() {}

  /// Asks to be told when a label's probability has been above x for n tokens in a row.
  public struct Watch: Sendable, Equatable {
    /// One of the model's labels.
    public var label: String
    /// x.
    public var above: Double
    /// n, at least 1.
    public var tokens = 1
    /// Whether the call ends with it.
    public var ends = false

    /// Watches a label.
    public init(label: String, above: Double, tokens: Int = 1, ends: Bool = false) {
      precondition(tokens > 0, "a watch for \(tokens) tokens")
      (self.label, self.above, self.tokens, self.ends) = (label, above, tokens, ends)
    }
  }
}

/// Thresholds that a request names by itself, instead of an effort.
public struct ExplicitSetting: Sendable, Equatable {
  /// τ, the share of the strongest prediction that an expert's must reach, 0...1.
  public var tau: Double?
  /// T, above which an exit's largest probability must be, 0...1.
  public var threshold: Double?
  /// How many layers a token or text goes through at least; nil is up to the first exit.
  public var firstExit: Int?

  /// Names none.
  public init() {}

  /// Whether nothing is named.
  public var isEmpty: Bool { tau == nil && threshold == nil && firstExit == nil }
}
