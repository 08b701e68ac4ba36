import Foundation
import Support
import Testing

/// What systemd is to a service: a datagram socket that hears how it is.
final class NotifySocket {
  /// The value of NOTIFY_SOCKET.
  let name: String
  private let number: Int32
  /// Everything that was heard so far, one entry per datagram.
  private(set) var heard: [String] = []

  init(in folder: TemporaryFolder, called file: String = "notify") throws {
    name = "\(folder.path)/\(file)"
    number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    let bound = SocketName.unix(name).withPointer { [number] in bind(number, $0, $1) }
    try #require(bound == 0, "bind \(name): \(errno)")
    var patience = timeval(tv_sec: Int(Child.patience), tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
  }

  deinit { close(number) }

  /// Reads on until a datagram has a line that begins with `text`, and gives that datagram.
  @discardableResult
  func waitFor(_ text: String, _ place: SourceLocation = #_sourceLocation) throws -> String {
    let end = Date(timeIntervalSinceNow: Child.patience)
    while Date() < end, let message = receive(flags: 0) {
      if message.split(separator: "\n").contains(where: { $0.hasPrefix(text) }) { return message }
    }
    Issue.record("waited in vain for \(text); heard \(heard)", sourceLocation: place)
    throw WaitedInVain()
  }

  /// Reads what lies there, without waiting for more.
  func takeWaiting() -> [String] {
    var taken: [String] = []
    while let message = receive(flags: Int32(MSG_DONTWAIT)) { taken.append(message) }
    return taken
  }

  private func receive(flags: Int32) -> String? {
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = recv(number, &bytes, bytes.count, flags)
    guard count >= 0 else { return nil }
    let message = String(decoding: bytes.prefix(count), as: UTF8.self)
    heard.append(message)
    return message
  }
}
