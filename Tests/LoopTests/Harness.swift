import Glibc
import Testing

@testable import Loop

/// Runs a loop until the body's scenario stops it, and records an issue if it never does.
func onLoop(_ body: (EventLoop) throws -> Void) throws {
  let loop = try EventLoop()
  var isStuck = false
  let guardTimer = Timer(on: loop) {
    isStuck = true
    loop.stop()
  }
  guardTimer.start(after: .seconds(60))
  try body(loop)
  loop.run()
  loop.close()
  #expect(!isStuck, "the scenario did not come to its end")
}

/// A folder for sockets that is removed with everything in it.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/mete-loop-XXXXXX".utf8CString)
    let made = mkdtemp(&template)
    try #require(made != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { unlink("\(path)/\(name)") }
    }
    closedir(folder)
    rmdir(path)
  }

  func socket(_ name: String = "s") -> Address { .unix(path: "\(path)/\(name)") }
}

/// A blocking socket outside of any loop, to play a rude peer; closed once, at its end at the latest.
final class RawSocket {
  let number: Int32
  private(set) var isClosed = false

  /// Connects to an address; with `listening`, binds it instead and leaves no server behind it.
  init(connectedTo address: Address) throws {
    let target = try RawSocket.target(of: address)
    number = socket(target.family, Int32(SOCK_STREAM.rawValue), 0)
    let status = target.withPointer { [number] in connect(number, $0, $1) }
    try #require(status == 0)
  }

  init(boundTo address: Address) throws {
    let target = try RawSocket.target(of: address)
    number = socket(target.family, Int32(SOCK_STREAM.rawValue), 0)
    let status = target.withPointer { [number] in bind(number, $0, $1) }
    try #require(status == 0)
  }

  private static func target(of address: Address) throws -> SocketAddress {
    switch address {
    case .unix(let path): try SocketAddress(path: path, call: "test")
    case .tcp(let host, let port):
      try #require(try HostLookup.addresses(of: host, port: port, listening: false).first)
    }
  }

  /// Makes the coming close look like the death of the peer's machine: a reset.
  func resetOnClose() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  func send(_ bytes: [UInt8]) { _ = write(number, bytes, bytes.count) }

  deinit { close() }

  /// Hands the descriptor to a new owner, who closes it.
  func release() -> Int32 {
    isClosed = true
    return number
  }

  func close() {
    if !isClosed { _ = Glibc.close(number) }
    isClosed = true
  }
}

/// The two kinds of address, for tests that must hold on both.
enum Transport: CaseIterable, Sendable {
  case unix, tcp

  func address(in folder: TemporaryFolder) -> Address {
    switch self {
    case .unix: folder.socket()
    case .tcp: .tcp(host: "127.0.0.1", port: 0)
    }
  }
}
