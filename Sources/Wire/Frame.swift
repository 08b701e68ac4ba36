/// One message of the protocol: PROTOCOL.md §1.
public enum Frame: Sendable, Equatable {
  /// Who the sender is and what it takes.
  case hello(Hello)
  /// The client opens a stream.
  case open(StreamID, OpenFrame)
  /// One message of a call.
  case data(StreamID, Value)
  /// The client has sent all its messages.
  case halfClose(StreamID)
  /// The server ends a stream.
  case end(StreamID, End)
  /// What the stream cost.
  case bill(StreamID, Bill)
  /// The client gives a stream up.
  case cancel(StreamID)
  /// More DATA may come; stream 0 is the connection.
  case credit(StreamID, bytes: Int)
  /// Are you there, or the answer to it.
  case ping(ack: Bool, token: UInt64)
  /// The sender takes nothing new.
  case goAway(lastStream: StreamID, Status, text: String)

  /// The stream that the frame belongs to, 0 for the connection.
  public var stream: StreamID {
    switch self {
    case .hello, .ping, .goAway: 0
    case .open(let stream, _), .data(let stream, _), .halfClose(let stream), .end(let stream, _),
      .bill(let stream, _), .cancel(let stream), .credit(let stream, _):
      stream
    }
  }

  /// Whether it answers a PING of ours.
  var isPong: Bool {
    if case .ping(ack: true, _) = self { true } else { false }
  }

  /// Whether the frame is DATA, which alone costs credit.
  public var isData: Bool {
    if case .data = self { true } else { false }
  }

  /// The numbers of the table in PROTOCOL.md §1.
  enum Kind: UInt64 {
    case hello, open, data, halfClose, end, bill, cancel, credit, ping, goAway

    /// How many items the frame's array has.
    var itemCount: Int {
      switch self {
      case .halfClose, .cancel: 2
      case .hello, .data, .bill, .credit: 3
      case .ping: 4
      case .open, .goAway: 5
      case .end: 6
      }
    }
  }
}
