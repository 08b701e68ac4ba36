import CUV

/// A system call that the world refused: a busy port, a dead peer, a path that is too long.
public struct LoopError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure, with libuv's name for it.
  public let code: Code

  /// The call that failed, as its manual page names it.
  public let call: String

  /// What went wrong, as a sentence a person can act on.
  public let reason: String

  /// Makes an error from its parts.
  ///
  /// - Parameters:
  ///   - code: The kind of failure.
  ///   - call: The call that failed.
  ///   - reason: What went wrong.
  public init(code: Code, call: String, reason: String) {
    self.code = code
    self.call = call
    self.reason = reason
  }

  /// Makes an error from a negative libuv status.
  init(status: Int32, call: String) {
    let code = Code(status: status)
    self.init(code: code, call: call, reason: code.sentence)
  }

  /// Makes an error from the calling thread's `errno`.
  static func fromErrno(_ number: Int32, call: String) -> LoopError {
    LoopError(status: -number, call: call)
  }

  /// One line: the call, the code's name and the reason.
  public var description: String { "\(call): \(code.name): \(reason)" }
}

extension LoopError {
  /// A libuv status, compared by number and shown by name.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// libuv's negative status number.
    let status: Int32

    init(status: Int32) { self.status = status }

    private init(_ error: uv_errno_t) { self.status = Int32(error.rawValue) }

    /// libuv's name, for example `ECONNREFUSED`.
    public var name: String { String(cString: uv_err_name(status)) }

    /// The same as `name`.
    public var description: String { name }

    /// libuv's sentence for the code.
    var sentence: String { String(cString: uv_strerror(status)) }

    /// EADDRINUSE: another server has the address.
    public static let addressInUse = Code(UV_EADDRINUSE)
    /// EADDRNOTAVAIL: the address is not one of this machine's.
    public static let addressNotAvailable = Code(UV_EADDRNOTAVAIL)
    /// EACCES: the permissions do not allow it.
    public static let permissionDenied = Code(UV_EACCES)
    /// ECANCELED: our side closed before the call was done.
    public static let cancelled = Code(UV_ECANCELED)
    /// ECONNREFUSED: nobody listens there.
    public static let connectionRefused = Code(UV_ECONNREFUSED)
    /// ECONNRESET: the peer went away without closing.
    public static let connectionReset = Code(UV_ECONNRESET)
    /// EINVAL: the call's arguments make no sense together.
    public static let invalidArgument = Code(UV_EINVAL)
    /// EMFILE: the process has no file descriptor left.
    public static let tooManyOpenFiles = Code(UV_EMFILE)
    /// ENAMETOOLONG: the socket path does not fit its 107 bytes.
    public static let nameTooLong = Code(UV_ENAMETOOLONG)
    /// ENOENT: no such file.
    public static let noSuchFile = Code(UV_ENOENT)
    /// ENOTSOCK: the descriptor or file is not a socket.
    public static let notASocket = Code(UV_ENOTSOCK)
    /// EPIPE: the peer no longer reads.
    public static let brokenPipe = Code(UV_EPIPE)
    /// ETIMEDOUT: it took longer than allowed.
    public static let timedOut = Code(UV_ETIMEDOUT)
  }
}
