/// Where a server listens: a path in the file system, or a host and a port.
public enum Address: Hashable, Sendable, CustomStringConvertible {
  /// A Unix stream socket at a path of 1 to 107 bytes.
  case unix(path: String)

  /// A TCP socket; the host is a name or a number, and port 0 lets the system choose when listening.
  case tcp(host: String, port: UInt16)

  /// The longest socket path in bytes; `sun_path` holds 108 with its zero.
  public static let pathBytesMax = 107

  /// Reads `HOST:PORT`, with brackets around a numeric IPv6 host; nil if `text` is not of that form.
  ///
  /// - Parameter text: what a person wrote.
  public init?(hostAndPort text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
    self = .tcp(host: host, port: port)
  }

  /// `unix:PATH` or `HOST:PORT`, with brackets around a numeric IPv6 host.
  public var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }

  /// Refuses a path that `sockaddr_un` cannot hold; libuv would cut it silently.
  static func checkPath(_ path: String, call: String) throws(LoopError) {
    let count = path.utf8.count
    guard count <= pathBytesMax else {
      throw LoopError(
        code: .nameTooLong,
        call: call,
        reason: "the socket path has \(count) bytes and may have \(pathBytesMax): \(path)"
      )
    }
    guard count > 0, !path.utf8.contains(0) else {
      throw LoopError(
        code: .invalidArgument,
        call: call,
        reason: "a socket path is not empty and holds no NUL"
      )
    }
  }
}
