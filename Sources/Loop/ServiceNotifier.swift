import CUV
import Glibc

/// Tells a service manager how the process is: systemd's notification protocol, one datagram a message.
///
/// Without a manager every message is dropped. Sending never waits.
public struct ServiceNotifier: Sendable {
  /// Where the manager listens: a path, or `@` and an abstract name; nil if there is no manager.
  public let path: String?

  /// The longest message; the manager reads no more of one datagram.
  public static let bytesMax = 4096

  /// Names the manager's socket.
  ///
  /// - Parameter path: as in the variable NOTIFY_SOCKET; nil for no manager.
  public init(path: String? = nil) { self.path = path }

  /// Whether somebody may be listening.
  public var isActive: Bool { path != nil }

  /// Sends assignments such as `READY=1` in one datagram.
  ///
  /// - Parameter lines: the assignments; line breaks inside one become spaces.
  /// - Returns: whether they are with the manager, or there is none; false if it would have had to wait,
  ///   or cannot be reached.
  @discardableResult
  public func send(_ lines: [String]) -> Bool {
    guard let path else { return true }
    guard !lines.isEmpty else { return true }
    let clean = lines.map { line in String(line.map { $0.isNewline ? " " : $0 }) }
    let bytes = Array(clean.joined(separator: "\n").utf8.prefix(Self.bytesMax))
    guard let target = SocketAddress(notifying: path) else { return false }
    let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(AF_UNIX, type, 0)
    guard number >= 0 else { return false }
    let socket = Descriptor(number)
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    let sent = target.withPointer { sendto(socket.number, bytes, bytes.count, flags, $0, $1) }
    return sent == bytes.count
  }
}

extension SocketAddress {
  /// The address of a manager's socket; nil if no such socket can be.
  fileprivate init?(notifying path: String) {
    guard path.hasPrefix("/") || path.hasPrefix("@"), path.utf8.count > 1 else { return nil }
    guard let address = try? SocketAddress(path: path, call: "sendto") else { return nil }
    self = path.hasPrefix("@") ? address.madeAbstract(bytes: path.utf8.count) : address
  }
}
