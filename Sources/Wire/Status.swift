/// How a call ended: gRPC's seventeen codes, with gRPC's numbers.
public enum Status: Int, Sendable, CaseIterable, CustomStringConvertible {
  /// The call succeeded.
  case ok = 0
  /// The caller gave it up.
  case cancelled
  /// Nobody knows.
  case unknown
  /// The call can never be right as it is.
  case invalidArgument
  /// Time ran out.
  case deadlineExceeded
  /// What it names does not exist.
  case notFound
  /// What it would make exists.
  case alreadyExists
  /// The caller may not.
  case permissionDenied
  /// A limit was reached.
  case resourceExhausted
  /// The server is not in a state for it.
  case failedPrecondition
  /// It lost against another call.
  case aborted
  /// It goes past the end of something.
  case outOfRange
  /// The server does not do this.
  case unimplemented
  /// The server failed.
  case `internal`
  /// The server is not there, or about to go.
  case unavailable
  /// Something is lost for good.
  case dataLoss
  /// The caller is not known.
  case unauthenticated

  /// Reads a status from the wire; a number that this version does not know is `unknown`.
  ///
  /// - Parameter number: any unsigned integer.
  public init(reading number: UInt64) {
    self = Int(exactly: number).flatMap(Status.init(rawValue:)) ?? .unknown
  }

  /// The name as gRPC writes it, such as `INVALID_ARGUMENT`.
  public var description: String {
    switch self {
    case .ok: "OK"
    case .cancelled: "CANCELLED"
    case .unknown: "UNKNOWN"
    case .invalidArgument: "INVALID_ARGUMENT"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .notFound: "NOT_FOUND"
    case .alreadyExists: "ALREADY_EXISTS"
    case .permissionDenied: "PERMISSION_DENIED"
    case .resourceExhausted: "RESOURCE_EXHAUSTED"
    case .failedPrecondition: "FAILED_PRECONDITION"
    case .aborted: "ABORTED"
    case .outOfRange: "OUT_OF_RANGE"
    case .unimplemented: "UNIMPLEMENTED"
    case .internal: "INTERNAL"
    case .unavailable: "UNAVAILABLE"
    case .dataLoss: "DATA_LOSS"
    case .unauthenticated: "UNAUTHENTICATED"
    }
  }
}
