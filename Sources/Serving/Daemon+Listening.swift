import Logging
import Loop

// Where clients come in: sockets that a supervisor passed, and those that the configuration names.

extension Daemon {
  /// Opens or takes over every listening socket; a passed one takes the place of the configured one of
  /// its kind.
  func listen() throws(LoopError) -> [Listener] {
    var listeners: [Listener] = []
    for socket in supervisor.sockets { listeners.append(try activate(socket)) }
    let passed = supervisor.sockets.map(\.isUnix)
    if let unix = configuration.unix, !passed.contains(true) {
      listeners.append(
        try Listener(.unix(path: unix.path), on: loop, mode: unix.mode, onConnection: acceptUnix())
      )
    }
    if let tcp = configuration.tcp, !passed.contains(false) {
      let address = Address.tcp(host: tcp.host, port: UInt16(tcp.port))
      listeners.append(try Listener(address, on: loop, onConnection: acceptTCP()))
    }
    for listener in listeners {
      listener.onError = { [weak self] error in
        self?.log.warning("cannot accept", metadata: ["reason": "\(error)"])
      }
    }
    return listeners
  }

  private func activate(_ socket: PassedSocket) throws(LoopError) -> Listener {
    let kind = socket.isUnix ? "unix" : "tcp"
    // Other names are a matter of taste: by default systemd gives the name of the socket's unit.
    guard !["unix", "tcp"].contains(socket.name) || socket.name == kind else {
      let reason =
        "descriptor \(socket.descriptor) is named \(socket.name), and is bound to \(socket.address)"
      throw LoopError(code: .invalidArgument, call: "LISTEN_FDNAMES", reason: reason)
    }
    return try Listener(
      fileDescriptor: socket.descriptor,
      on: loop,
      onConnection: socket.isUnix ? acceptUnix() : acceptTCP()
    )
  }

  private func acceptUnix() -> (Connection) -> Void {
    { [exchange] connection in
      let user = connection.peerUserID.map { "uid:\($0)" } ?? "uid:?"
      exchange.accept(connection, tenant: user)
    }
  }

  private func acceptTCP() -> (Connection) -> Void {
    let tenant = (configuration.tcp ?? Configuration.TCPSocket()).tenant
    return { [exchange] connection in exchange.accept(connection, tenant: tenant) }
  }
}

extension PassedSocket {
  fileprivate var isUnix: Bool { if case .unix = address { true } else { false } }
}
