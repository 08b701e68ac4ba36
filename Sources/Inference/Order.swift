/// What the engine is told; between two turns, in the order in which it happened.
public enum Order: Sendable {
  /// A new request. It ends exactly once.
  case open(Request)
  /// A piece of a request's input. `weight` comes back in `Emission.consumed` when the engine has
  /// taken the piece in, so that its sender can be given credit.
  case input(SequenceID, Piece, weight: Int)
  /// No more input comes.
  case endOfInput(SequenceID)
  /// Result messages have left; as many more may come.
  case credit(SequenceID, slots: Int)
  /// End the request before its time.
  case end(SequenceID, Interruption)
  /// Nothing: look at the clock.
  case tick
  /// Nothing: whoever runs the engine answers with the number, to show that it still runs.
  case echo(UInt64)

  /// Whether it is wanted between two layers already: ends and echoes are.
  public var isUrgent: Bool {
    switch self {
    case .end, .echo: true
    case .open, .input, .endOfInput, .credit, .tick: false
    }
  }

  /// Whether it is input, which rows to compute may follow from at once.
  public var bringsWork: Bool {
    switch self {
    case .input, .endOfInput: true
    case .open, .credit, .end, .tick, .echo: false
    }
  }
}

/// A piece of input.
public enum Piece: Sendable, Equatable {
  /// UTF-8 text, cut anywhere.
  case text([UInt8])
  /// Token ids; they must lie below the model's vocabulary.
  case tokens([Int32])
}

/// Why a request ends from outside.
public enum Interruption: Sendable, Equatable {
  /// Its client asked for it, or is gone.
  case cancelled
  /// The daemon goes away.
  case draining
  /// It kept pages that others wait for, and its client gave it nothing to do.
  case stalled
  /// Its client broke a rule of the protocol; the edge knows which.
  case violated
}
