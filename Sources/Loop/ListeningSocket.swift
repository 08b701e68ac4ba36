import CUV
import Glibc

/// A bound, listening socket, and the file it owns if it is a Unix one.
///
/// The socket is made here and not by libuv, which unlinks a Unix path when it closes even if another
/// server has bound it meanwhile.
struct ListeningSocket {
  let descriptor: Int32
  let address: Address
  private var file: FileIdentity?

  /// Binds and listens.
  init(_ address: Address, mode: UInt32, backlog: Int) throws(LoopError) {
    switch address {
    case .unix(let path): try self.init(path: path, mode: mode, backlog: backlog)
    case .tcp(let host, let port): try self.init(host: host, port: port, backlog: backlog)
    }
  }

  /// Takes over a socket that somebody else has bound, for example systemd.
  init(adopting number: Int32, backlog: Int) throws(LoopError) {
    let bound = try SocketAddress(boundTo: number)
    guard let address = bound.address else {
      throw LoopError(
        code: .invalidArgument,
        call: "getsockname",
        reason: "descriptor \(number) is neither a Unix nor a TCP socket"
      )
    }
    // Who bound it may listen already, with a backlog of its own that holds clients over a restart.
    if !SocketKind.isListening(number) {
      try ListeningSocket.listen(number, backlog: backlog)
    }
    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    descriptor = number
    self.address = address
  }

  private init(path: String, mode: UInt32, backlog: Int) throws(LoopError) {
    let target = try SocketAddress(path: path, call: "bind")
    try ListeningSocket.removeStale(path, target)
    let socket = try Descriptor.socket(family: AF_UNIX)
    // Linux copies the socket's own mode to the file, so it is never open wider than asked.
    fchmod(socket.number, mode)
    guard target.withPointer({ bind(socket.number, $0, $1) }) == 0 else {
      let error = LoopError.fromErrno(errno, call: "bind")
      throw LoopError(code: error.code, call: error.call, reason: "\(error.reason): \(path)")
    }
    // From here on the file is ours: it must not stay behind when a later step fails.
    let file = FileIdentity(path: path)
    do throws(LoopError) {
      // The mask of the process may have taken bits away.
      guard chmod(path, mode) == 0 else { throw .fromErrno(errno, call: "chmod") }
      try ListeningSocket.listen(socket.number, backlog: backlog)
    } catch {
      file?.unlink()
      throw error
    }
    self.file = file
    address = .unix(path: path)
    descriptor = socket.release()
  }

  private init(host: String, port: UInt16, backlog: Int) throws(LoopError) {
    var last = LoopError(
      code: .addressNotAvailable,
      call: "getaddrinfo",
      reason: "\(host) has no address"
    )
    for candidate in try HostLookup.addresses(of: host, port: port, listening: true) {
      do throws(LoopError) {
        let socket = try Descriptor.socket(family: candidate.family)
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        guard candidate.withPointer({ bind(socket.number, $0, $1) }) == 0 else {
          throw .fromErrno(errno, call: "bind")
        }
        try ListeningSocket.listen(socket.number, backlog: backlog)
        let bound = try SocketAddress(boundTo: socket.number).address
        address = bound ?? .tcp(host: host, port: port)
        descriptor = socket.release()
        return
      } catch {
        let place = Address.tcp(host: host, port: port)
        last = LoopError(code: error.code, call: error.call, reason: "\(error.reason): \(place)")
      }
    }
    throw last
  }

  /// Removes the socket's file, unless another server has put its own there since.
  func unlinkFile() { file?.unlink() }

  private static func listen(_ number: Int32, backlog: Int) throws(LoopError) {
    guard Glibc.listen(number, Int32(clamping: backlog)) == 0 else {
      throw .fromErrno(errno, call: "listen")
    }
  }

  /// Unlinks a socket that nobody answers on, and refuses to touch anything else.
  private static func removeStale(_ path: String, _ target: SocketAddress) throws(LoopError) {
    guard let found = FileIdentity(path: path) else { return }
    guard found.isSocket else {
      throw LoopError(
        code: .notASocket,
        call: "bind",
        reason: "a file that is not a socket is in the way: \(path)"
      )
    }
    let probe = try Descriptor.socket(family: AF_UNIX)
    let status = target.withPointer { connect(probe.number, $0, $1) }
    // A full backlog (EAGAIN) is a living server too; only a refusal proves that nobody listens.
    guard status != 0, errno == ECONNREFUSED else {
      throw LoopError(
        code: .addressInUse,
        call: "bind",
        reason: "another server answers at \(path)"
      )
    }
    found.unlink()
  }
}

/// Which file a path led to at one moment.
private struct FileIdentity {
  let path: String
  let isSocket: Bool
  private let device: dev_t
  private let inode: ino_t

  init?(path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.path = path
    isSocket = status.st_mode & S_IFMT == S_IFSOCK
    device = status.st_dev
    inode = status.st_ino
  }

  /// Unlinks the path if it still leads to the same file.
  func unlink() {
    guard let current = FileIdentity(path: path), current.inode == inode, current.device == device
    else { return }
    Glibc.unlink(path)
  }
}
