import Foundation
import Testing

/// Where a socket is bound, as the system wants to hear it.
enum SocketName: Sendable, CustomStringConvertible {
  case unix(String)
  case loopback(port: UInt16)

  var family: Int32 {
    switch self {
    case .unix: AF_UNIX
    case .loopback: AF_INET
    }
  }

  /// As `mete --address` takes it.
  var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .loopback(let port): "tcp:127.0.0.1:\(port)"
    }
  }

  func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
    switch self {
    case .unix(let path):
      var name = sockaddr_un()
      name.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
      return Self.lend(name, body)
    case .loopback(let port):
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      return Self.lend(name, body)
    }
  }

  private static func lend<Name, Value>(
    _ name: Name,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
  ) -> Value {
    withUnsafePointer(to: name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<Name>.size))
      }
    }
  }
}

/// A listening socket that outlives the daemons it is passed to, as those of systemd do.
final class Door {
  let number: Int32
  let name: SocketName

  init(_ wanted: SocketName, type: __socket_type = SOCK_STREAM, listens: Bool = true) throws {
    number = socket(wanted.family, Int32(type.rawValue), 0)
    let bound = wanted.withPointer { [number] in bind(number, $0, $1) }
    try #require(bound == 0, "bind \(wanted): \(errno)")
    if listens { try #require(listen(number, 4096) == 0) }
    guard case .loopback = wanted else {
      name = wanted
      return
    }
    var found = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &found) { [number] in
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &size) }
    }
    name = .loopback(port: UInt16(bigEndian: found.sin_port))
  }

  deinit { close(number) }
}
