// swift-format-ignore-file: NeverForceUnwrap
import CUV
import Glibc

/// A socket that accepts connections.
///
/// It accepts by itself on a watched descriptor: libuv's own accepting spins, or drops connections,
/// when the process has no descriptor left. Here that is a pause.
public final class Listener {
  /// Where clients connect; a TCP port that was 0 is the real one here.
  public let address: Address

  /// Told of errors while accepting, after which the listener pauses for `pause`; nil ignores them.
  public var onError: ((LoopError) -> Void)?

  /// How long nothing is accepted after an error such as EMFILE, so that it cannot spin.
  public static let pause: Duration = .milliseconds(100)

  /// Connections accepted in one turn at most, so that a flood leaves time for those that are open.
  static let acceptsPerTurnMax = 64

  private let loop: EventLoop
  private let socket: ListeningSocket
  private let handle: Handle
  private let resumption: Timer
  private var onConnection: ((Connection) -> Void)?

  /// Binds an address and begins to accept at the loop's next turn.
  ///
  /// A Unix path in use is refused if a server answers there; a socket left by a dead one is replaced.
  ///
  /// - Parameters:
  ///   - address: Where to listen.
  ///   - loop: Where connections live.
  ///   - mode: Permissions of a Unix socket's file.
  ///   - backlog: Connections that the system keeps waiting before it refuses more.
  ///   - onConnection: Called with every connection. Reading begins when it returns.
  /// - Throws: `LoopError` when the address cannot be had.
  public convenience init(
    _ address: Address,
    on loop: EventLoop,
    mode: UInt32 = 0o600,
    backlog: Int = 128,
    onConnection: @escaping (Connection) -> Void
  ) throws(LoopError) {
    let socket = try ListeningSocket(address, mode: mode, backlog: backlog)
    try self.init(socket, on: loop, onConnection)
  }

  /// Takes over a bound socket, for example from systemd; its file is left alone.
  ///
  /// - Parameters:
  ///   - fileDescriptor: A bound stream socket, owned by the listener if this succeeds.
  ///   - loop: Where connections live.
  ///   - backlog: Connections that the system keeps waiting before it refuses more.
  ///   - onConnection: Called with every connection. Reading begins when it returns.
  /// - Throws: `LoopError` when the descriptor is not a stream socket.
  public convenience init(
    fileDescriptor: Int32,
    on loop: EventLoop,
    backlog: Int = 128,
    onConnection: @escaping (Connection) -> Void
  ) throws(LoopError) {
    let socket = try ListeningSocket(adopting: fileDescriptor, backlog: backlog)
    try self.init(socket, on: loop, onConnection)
  }

  private init(
    _ socket: ListeningSocket,
    on loop: EventLoop,
    _ onConnection: @escaping (Connection) -> Void
  ) throws(LoopError) {
    loop.checkThread()
    self.loop = loop
    self.socket = socket
    self.onConnection = onConnection
    address = socket.address
    handle = Handle(UV_POLL)
    weak var listener: Listener?
    resumption = Timer(on: loop) { listener?.watch() }
    let status = uv_poll_init(loop.raw, handle.pointer(as: uv_poll_t.self), socket.descriptor)
    guard status == 0 else {
      handle.abandon()
      resumption.close()
      socket.unlinkFile()
      Glibc.close(socket.descriptor)
      throw LoopError(status: status, call: "uv_poll_init")
    }
    handle.adopt(self)
    listener = self
    watch()
  }

  /// Stops accepting; connections that are open stay.
  ///
  /// A Unix socket's file goes if it is still ours.
  public func close() {
    loop.checkThread()
    guard !handle.isClosing else { return }
    socket.unlinkFile()
    handle.close()
    resumption.close()
    onConnection = nil
    onError = nil
  }

  private func watch() {
    guard !handle.isClosing else { return }
    uv_poll_start(handle.pointer(as: uv_poll_t.self), Int32(UV_READABLE.rawValue)) { raw, _, _ in
      Handle.owner(of: raw!.pointee.data, as: Listener.self).acceptWaiting()
    }
  }

  private func acceptWaiting() {
    for _ in 0 ..< Listener.acceptsPerTurnMax {
      guard !handle.isClosing else { return }
      let number = cuv_accept(socket.descriptor)
      guard number >= 0 else {
        let error = errno
        if error == EAGAIN || error == EWOULDBLOCK { return }
        // These concern the one connection that went away meanwhile.
        if error == ECONNABORTED || error == EINTR || error == EPROTO { continue }
        return rest(after: .fromErrno(error, call: "accept"))
      }
      do throws(LoopError) {
        let connection = try Connection(accepted: Descriptor(number), at: address, on: loop)
        onConnection?(connection)
        connection.begin()
      } catch {
        return rest(after: error)
      }
    }
  }

  private func rest(after error: LoopError) {
    uv_poll_stop(handle.pointer(as: uv_poll_t.self))
    resumption.start(after: Listener.pause)
    onError?(error)
  }
}

extension Listener: HandleOwner {
  func handleDidClose() { Glibc.close(socket.descriptor) }
}
