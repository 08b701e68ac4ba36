/// Why a call or a connection ended: the closed list of PROTOCOL.md §2.
public enum Detail: String, Sendable, CaseIterable {
  // Connection errors.

  /// A frame's length is 0 or over the limit.
  case frameTooLarge = "frame_too_large"
  /// A frame's bytes are not what the protocol says.
  case malformedFrame = "malformed_frame"
  /// A frame's kind is not in the table.
  case unknownKind = "unknown_kind"
  /// The first frame is not HELLO, or a later one is.
  case helloExpected = "hello_expected"
  /// The peers share no version.
  case versionUnsupported = "version_unsupported"
  /// The frame is one that only the other side sends.
  case wrongDirection = "wrong_direction"
  /// A stream id that cannot be.
  case streamID = "stream_id"
  /// DATA over the connection's credit.
  case connectionCreditOverrun = "connection_credit_overrun"
  /// CREDIT of nothing, or of too much.
  case creditOverflow = "credit_overflow"
  /// Too many PINGs, again and again.
  case pingFlood = "ping_flood"
  /// Too many streams that were cancelled or refused in a second.
  case resetFlood = "reset_flood"
  /// The client did not answer a PING.
  case keepaliveTimeout = "keepalive_timeout"
  /// Nothing open and nothing heard for too long.
  case idleTimeout = "idle_timeout"
  /// No HELLO in time.
  case helloTimeout = "hello_timeout"
  /// The server holds as many connections as it may.
  case connectionsMax = "connections_max"
  /// The peer does not read what it is owed.
  case slowReader = "slow_reader"

  // Ends of streams.

  /// The call succeeded.
  case ok = "ok"
  /// The client sent CANCEL.
  case cancelled = "cancelled"
  /// The deadline passed.
  case deadline = "deadline"
  /// The server has no such method.
  case unknownMethod = "unknown_method"
  /// The model cannot serve the method.
  case unsuitableModel = "unsuitable_model"
  /// The server has no such model.
  case unknownModel = "unknown_model"
  /// No such call of this tenant is remembered.
  case unknownCall = "unknown_call"
  /// An option or parameter is wrong; the text names it.
  case badOption = "bad_option"
  /// A message that the method does not take.
  case badMessage = "bad_message"
  /// The call id is taken.
  case callInUse = "call_in_use"
  /// DATA after HALF_CLOSE.
  case messageAfterHalfClose = "message_after_half_close"
  /// DATA over the stream's credit.
  case creditOverrun = "credit_overrun"
  /// More streams than HELLO allows.
  case streamsMax = "streams_max"
  /// Metadata over its limit.
  case metadataTooLarge = "metadata_too_large"
  /// The engine's queue is full; no work was done.
  case queueFull = "queue_full"
  /// The budget pays for no answer; `least_macs` in END's metadata would.
  case budgetTooSmall = "budget_too_small"
  /// The input does not fit the model's positions.
  case contextTooLong = "context_too_long"
  /// The input can never fit.
  case inputTooLarge = "input_too_large"
  /// The server is going away.
  case draining = "draining"
  /// The client kept memory that others waited for, and neither sent input nor read.
  case stalled = "stalled"
  /// The server failed.
  case `internal` = "internal"

  /// What a caller should do about an end.
  public enum Retry: Sendable {
    /// The call succeeded.
    case needless
    /// The same call would end the same way.
    case never
    /// Again, after a while.
    case later
    /// Again, with more time.
    case withMoreTime
    /// Again, when another stream has ended.
    case whenOneEnds
    /// At another server, now.
    case elsewhere
    /// Once more.
    case once
    /// On a new connection, by a peer that keeps to the protocol.
    case reconnect
  }

  /// Whether this ends the whole connection rather than one stream.
  public var endsConnection: Bool { retry == .reconnect }

  /// Whether the same call may be made again when its bill says that no work was done.
  public var isRetryable: Bool {
    switch self {
    case .queueFull, .streamsMax, .draining: true
    default: false
    }
  }

  /// The status that belongs to this detail.
  public var status: Status {
    switch self {
    case .ok: .ok
    case .cancelled: .cancelled
    case .stalled: .aborted
    case .malformedFrame, .wrongDirection, .streamID, .badOption, .badMessage,
      .messageAfterHalfClose:
      .invalidArgument
    case .helloTimeout, .deadline: .deadlineExceeded
    case .unknownModel, .unknownCall: .notFound
    case .callInUse: .alreadyExists
    case .frameTooLarge, .connectionCreditOverrun, .pingFlood, .resetFlood, .connectionsMax,
      .slowReader,
      .creditOverrun, .streamsMax, .metadataTooLarge, .queueFull, .budgetTooSmall,
      .inputTooLarge:
      .resourceExhausted
    case .helloExpected, .versionUnsupported, .unsuitableModel: .failedPrecondition
    case .creditOverflow, .contextTooLong: .outOfRange
    case .unknownKind, .unknownMethod: .unimplemented
    case .internal: .internal
    case .idleTimeout, .keepaliveTimeout, .draining: .unavailable
    }
  }

  /// What a caller should do about it.
  public var retry: Retry {
    switch self {
    case .ok: .needless
    case .deadline: .withMoreTime
    case .streamsMax: .whenOneEnds
    case .queueFull, .stalled: .later
    case .draining: .elsewhere
    case .internal: .once
    case .frameTooLarge, .malformedFrame, .unknownKind, .helloExpected, .versionUnsupported,
      .wrongDirection, .streamID, .connectionCreditOverrun, .creditOverflow, .pingFlood,
      .resetFlood, .keepaliveTimeout, .idleTimeout, .helloTimeout, .connectionsMax, .slowReader:
      .reconnect
    default: .never
    }
  }
}
