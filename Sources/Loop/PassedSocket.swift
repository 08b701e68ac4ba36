import Glibc

/// A listening socket that a service manager opened for us: systemd's socket activation.
public struct PassedSocket: Sendable, Equatable {
  /// The open descriptor.
  public let descriptor: Int32
  /// The manager's name for it; "" if it has none.
  public let name: String
  /// Where clients connect.
  public let address: Address

  /// The first descriptor that a manager passes.
  public static let firstDescriptor: Int32 = 3
  /// How many descriptors may be passed.
  public static let countMax = 64

  /// Looks at a descriptor that was passed, and keeps it from programs that this one starts.
  ///
  /// - Parameters:
  ///   - descriptor: an open descriptor; it stays its giver's if this fails.
  ///   - name: the manager's name for it.
  /// - Throws: `LoopError` when it is no listening stream socket, Unix or TCP.
  public init(descriptor: Int32, name: String) throws(LoopError) {
    let place = "descriptor \(descriptor)" + (name.isEmpty ? "" : " (\(name))")
    guard SocketKind.isSocket(descriptor) else {
      throw Self.wrong(.notASocket, "\(place) that was passed is not a socket")
    }
    guard SocketKind.isStream(descriptor), SocketKind.isListening(descriptor) else {
      let reason = "\(place) that was passed is not a listening stream socket; use ListenStream="
      throw Self.wrong(.invalidArgument, reason + " and Accept=no")
    }
    guard let address = try SocketAddress(boundTo: descriptor).address else {
      throw Self.wrong(.invalidArgument, "\(place) that was passed is neither Unix nor TCP")
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    self.descriptor = descriptor
    self.name = name
    self.address = address
  }

  /// The sockets that the variables LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES tell of; none if they are
  /// for another process.
  ///
  /// - Parameters:
  ///   - environment: the variables.
  ///   - processID: this process.
  ///   - first: the first descriptor that is passed.
  /// - Returns: them in order.
  /// - Throws: `LoopError` when they make no sense, or for the first descriptor that is not as it should be.
  public static func all(
    in environment: [String: String],
    processID: Int32,
    first: Int32 = firstDescriptor
  ) throws(LoopError) -> [PassedSocket] {
    guard let process = environment["LISTEN_PID"], Int32(process) == processID else { return [] }
    let text = environment["LISTEN_FDS"] ?? "0"
    guard let count = Int(text), (0 ... countMax).contains(count) else {
      throw wrong(.invalidArgument, "LISTEN_FDS is \"\(text)\", and not 0 … \(countMax)")
    }
    let names = (environment["LISTEN_FDNAMES"] ?? "")
      .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    var sockets: [PassedSocket] = []
    for index in 0 ..< count {
      let name = index < names.count ? names[index] : ""
      sockets.append(try PassedSocket(descriptor: first + Int32(index), name: name))
    }
    return sockets
  }

  private static func wrong(_ code: LoopError.Code, _ reason: String) -> LoopError {
    LoopError(code: code, call: "LISTEN_FDS", reason: reason)
  }
}
