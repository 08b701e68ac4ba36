/// What a model says of a stream after one of its tokens.
public struct Verdict: Sendable, Equatable {
  /// The token's place in the stream, from 0.
  public var position: Int
  /// The token.
  public var token: Int32
  /// How many layers it went through.
  public var layer: Int
  /// Labels with their probabilities, best first; those that were asked for.
  public var scores: [LabelScore]
  /// Multiply-accumulates for the stream up to this token.
  public var macs: Int
  /// What the dense model would have spent up to this token.
  public var macsDense: Int
  /// Share of their experts that the layers ran which the token went through, 0...1; 1 where layers ran whole.
  public var experts: Double
  /// The token's text, if it was asked for; whole characters, perhaps none.
  public var text: String?
}
