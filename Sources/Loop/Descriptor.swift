import CUV
import Glibc

/// A file descriptor that is closed exactly once.
struct Descriptor: ~Copyable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { Glibc.close(number) }

  /// Hands the number to a new owner, who closes it.
  consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }

  /// A new stream socket that does not block and is closed in programs started from here.
  static func socket(family: Int32) throws(LoopError) -> Descriptor {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(family, type, 0)
    guard number >= 0 else { throw .fromErrno(errno, call: "socket") }
    return Descriptor(number)
  }
}

/// The bytes of a C socket address, as a value.
struct SocketAddress {
  private var storage = sockaddr_storage()
  private var count: socklen_t

  var family: Int32 { Int32(storage.ss_family) }

  /// A Unix address.
  init(path: String, call: String) throws(LoopError) {
    try Address.checkPath(path, call: call)
    storage.ss_family = sa_family_t(AF_UNIX)
    count = socklen_t(MemoryLayout<sockaddr_un>.size)
    withUnsafeMutableBytes(of: &storage) { bytes in
      let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
      bytes[offset...].copyBytes(from: path.utf8)
    }
  }

  /// The same name outside of the file system, where its first byte is NUL and its length counts.
  func madeAbstract(bytes: Int) -> SocketAddress {
    var result = self
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    withUnsafeMutableBytes(of: &result.storage) { $0[offset] = 0 }
    result.count = socklen_t(offset + bytes)
    return result
  }

  /// A copy of what the system filled in.
  init(copying address: UnsafePointer<sockaddr>, count: socklen_t) {
    self.count = min(count, socklen_t(MemoryLayout<sockaddr_storage>.size))
    let source = UnsafeRawBufferPointer(start: address, count: Int(self.count))
    withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: source) }
  }

  /// The address that a socket is bound to.
  init(boundTo descriptor: Int32) throws(LoopError) {
    count = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var length = count
    let status = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length)
      }
    }
    guard status == 0 else { throw .fromErrno(errno, call: "getsockname") }
    count = min(count, length)
  }

  /// The address of a socket's other end, or nil when it is gone.
  init?(peerOf descriptor: Int32) {
    count = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var length = count
    let status = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getpeername(descriptor, $0, &length)
      }
    }
    guard status == 0 else { return nil }
    count = min(count, length)
  }

  /// Lends the address to a system call.
  func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
    withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, count) }
    }
  }

  /// The same address as a person writes it; nil for families other than Unix, IPv4 and IPv6.
  var address: Address? {
    if family == AF_UNIX {
      return withUnsafeBytes(of: storage) { bytes in
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let end = max(offset, min(Int(count), MemoryLayout<sockaddr_un>.size))
        let path = bytes[offset ..< end].prefix { $0 != 0 }
        return .unix(path: String(decoding: path, as: UTF8.self))
      }
    }
    guard family == AF_INET || family == AF_INET6 else { return nil }
    var host = [CChar](repeating: 0, count: 64)
    var service = [CChar](repeating: 0, count: 8)
    let status = withPointer { pointer, length in
      getnameinfo(
        pointer,
        length,
        &host,
        socklen_t(host.count),
        &service,
        socklen_t(service.count),
        NI_NUMERICHOST | NI_NUMERICSERV
      )
    }
    guard status == 0 else { return nil }
    return .tcp(host: SocketAddress.text(host), port: UInt16(SocketAddress.text(service)) ?? 0)
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
