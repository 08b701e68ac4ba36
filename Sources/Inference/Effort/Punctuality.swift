/// How the end of a request stood to its deadline, on the engine's clock.
public struct Punctuality: Sendable, Equatable {
  /// How long after its deadline it ended; zero is in time.
  public var late: Duration
  /// What the last layer of a model took, be it of this step or of the one before: nobody can be ended sooner than that.
  public var layer: Duration

  /// Describes an end.
  public init(late: Duration, layer: Duration) { (self.late, self.layer) = (late, layer) }
}

extension Outcome {
  /// Whether the engine had to see to its deadline: clients end requests when they like, and refusals end them at once.
  var mindsDeadline: Bool {
    switch self {
    case .finished, .expired: true
    case .interrupted, .refused: false
    }
  }
}
