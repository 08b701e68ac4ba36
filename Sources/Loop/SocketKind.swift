import CUV
import Glibc

/// What the system says of a descriptor that somebody else opened.
enum SocketKind {
  /// Whether it is a socket of any kind.
  static func isSocket(_ number: Int32) -> Bool { option(SO_TYPE, of: number) != nil }

  /// Whether it is a stream socket.
  static func isStream(_ number: Int32) -> Bool {
    option(SO_TYPE, of: number) == Int32(SOCK_STREAM.rawValue)
  }

  /// Whether it accepts connections.
  static func isListening(_ number: Int32) -> Bool { option(SO_ACCEPTCONN, of: number) == 1 }

  private static func option(_ name: Int32, of number: Int32) -> Int32? {
    var value: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(number, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
  }
}
