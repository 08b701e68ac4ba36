/// What becomes of the layers that a token has left out, which later tokens' attention would read.
public enum StreamPolicy: String, Sendable, CaseIterable {
  /// They only get keys and values, of the row as it left: an approximation.
  ///
  /// Schuster et al., "Confident Adaptive Language Modeling", arXiv:2207.07061.
  case propagate
  /// They are made up for, exactly: later tokens see what they would have seen.
  case `defer`
}
