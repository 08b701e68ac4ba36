/// An example as the network reads it.
public struct TokenizedText: Sendable, Equatable {
  /// (T), at least one.
  public var tokens: [Int32]
  /// (T), the segment of each.
  public var types: [Int32]
  /// Numbers of its labels: one, or for a problem of several labels any number.
  public var labels: [Int]
  /// (labels of the model): a teacher's logits; empty without one.
  public var taught: [Float] = []

  /// An example from its parts.
  public init(tokens: [Int32], types: [Int32], labels: [Int]) {
    precondition(!tokens.isEmpty && types.count == tokens.count, "\(tokens.count) tokens")
    self.tokens = tokens
    self.types = types
    self.labels = labels
  }
}
