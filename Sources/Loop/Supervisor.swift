import Glibc

/// The service manager that started this process, if one did: where to report to it, how often it wants
/// a sign of life, and which sockets it passed.
public struct Supervisor: Sendable {
  /// Where reports go; nowhere without a manager.
  public var notifier = ServiceNotifier()
  /// Without a sign of life for so long the manager kills the process; nil if it does not watch.
  public var watchdog: Duration?
  /// Sockets that it opened for us.
  public var sockets: [PassedSocket] = []

  /// The variables that a manager sets for one process and that no child of it should see.
  static let variables = [
    "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
  ]

  /// Starts without a manager.
  public init() {}

  /// Reads a manager's variables.
  ///
  /// - Parameters:
  ///   - environment: the variables.
  ///   - processID: this process; what is meant for another one is ignored.
  ///   - firstDescriptor: the first socket that is passed.
  /// - Throws: `LoopError` when a passed descriptor is no listening stream socket.
  public init(
    environment: [String: String],
    processID: Int32,
    firstDescriptor: Int32 = PassedSocket.firstDescriptor
  ) throws(LoopError) {
    if let path = environment["NOTIFY_SOCKET"], !path.isEmpty {
      notifier = ServiceNotifier(path: path)
    }
    let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == processID } ?? true
    if isOurs, let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init),
      microseconds > 0
    {
      watchdog = .microseconds(microseconds)
    }
    sockets = try PassedSocket.all(
      in: environment,
      processID: processID,
      first: firstDescriptor
    )
  }

  /// Takes this process's variables out of its environment, so that no child believes them its own.
  ///
  /// Call it once, before there is a second thread.
  ///
  /// - Throws: `LoopError` when a passed descriptor is no listening stream socket.
  public static func take() throws(LoopError) -> Supervisor {
    var environment: [String: String] = [:]
    for name in variables {
      if let value = getenv(name) { environment[name] = String(cString: value) }
      unsetenv(name)
    }
    return try Supervisor(environment: environment, processID: getpid())
  }
}
