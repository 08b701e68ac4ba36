// swift-format-ignore-file: NeverForceUnwrap
import CUV
import Glibc

/// One stream socket, accepted or connected: bytes in, bytes out, and how far behind the peer is.
///
/// The loop keeps a connection alive until it is closed. The closures are dropped then, so they may
/// capture the connection.
public final class Connection {
  /// Called with every piece that arrives, never empty.
  public var onBytes: (([UInt8]) -> Void)?

  /// Called at most once when nothing more will arrive: nil if the peer has finished sending, else why.
  ///
  /// After nil, writing still works. After an error the connection closes itself, even if this was
  /// called with nil before. Not called after our own `close`.
  public var onEnd: ((LoopError?) -> Void)?

  /// Called when `queuedBytes` has come down to `drainMark` after it was above.
  public var onDrained: (() -> Void)?

  /// Called exactly once when the socket is gone, whoever closed it.
  public var onClose: (() -> Void)?

  /// Seconds of silence after which the system asks a TCP peer whether it is still there.
  static let keepaliveSeconds: UInt32 = 60

  /// The level of `queuedBytes` at which `onDrained` is called.
  public var drainMark = 0

  /// The user at the other end of a Unix socket when it connected; nil on TCP.
  public let peerUserID: UInt32?

  /// Who is at the other end, for logs: `HOST:PORT`, or user and process of a Unix socket.
  public let remoteDescription: String

  private let loop: EventLoop
  private let handle: Handle
  private var isEnded = false
  private var isPaused = false
  private var isAboveMark = false
  private var isHalfClosed = false
  private var isShutDown = false
  /// How long `finish` waits for the peer to close; nil unless it was called.
  private var linger: Duration?
  private var farewells: [Timer] = []

  /// Takes a connected descriptor over.
  init(
    accepted descriptor: consuming Descriptor,
    at address: Address,
    on loop: EventLoop
  ) throws(LoopError) {
    loop.checkThread()
    self.loop = loop
    let number = descriptor.number
    var credentials = cuv_credentials()
    let status: Int32
    switch address {
    case .unix:
      let isKnown = cuv_peer_credentials(number, &credentials) == 0
      peerUserID = isKnown ? credentials.uid : nil
      remoteDescription =
        isKnown ? "unix uid \(credentials.uid) pid \(credentials.pid)" : "unix unknown"
      handle = Handle(UV_NAMED_PIPE)
      uv_pipe_init(loop.raw, handle.pointer(as: uv_pipe_t.self), 0)
      handle.adopt(self)
      status = uv_pipe_open(handle.pointer(as: uv_pipe_t.self), number)
    case .tcp:
      peerUserID = nil
      remoteDescription = SocketAddress(peerOf: number)?.address?.description ?? "tcp unknown"
      handle = Handle(UV_TCP)
      uv_tcp_init(loop.raw, handle.pointer(as: uv_tcp_t.self))
      handle.adopt(self)
      status = uv_tcp_open(handle.pointer(as: uv_tcp_t.self), number)
      uv_tcp_nodelay(handle.pointer(as: uv_tcp_t.self), 1)
      // A host that vanished without a word is noticed after a few minutes.
      uv_tcp_keepalive(handle.pointer(as: uv_tcp_t.self), 1, Self.keepaliveSeconds)
    }
    guard status == 0 else {
      handle.close()
      throw LoopError(status: status, call: "uv_open")
    }
    // libuv closes it from here on.
    _ = descriptor.release()
  }

  /// Whether `close` was called or an error closed the connection.
  public var isClosed: Bool { handle.isClosing }

  /// Bytes that were written here and that the system has not taken yet.
  ///
  /// Nothing bounds them but the caller.
  public var queuedBytes: Int {
    handle.isClosing ? 0 : uv_stream_get_write_queue_size(stream)
  }

  private var stream: UnsafeMutablePointer<uv_stream_t> { handle.pointer(as: uv_stream_t.self) }

  // MARK: Reading

  /// Starts to read, unless the owner has paused it before.
  func begin() {
    if !isPaused { resumeReading() }
  }

  /// Stops reading, so that the peer is slowed down; its end goes unnoticed meanwhile.
  public func pauseReading() {
    loop.checkThread()
    isPaused = true
    if !handle.isClosing { uv_read_stop(stream) }
  }

  /// Reads on; does nothing after the end.
  public func resumeReading() {
    loop.checkThread()
    isPaused = false
    guard !handle.isClosing, !isEnded else { return }
    uv_read_start(
      stream,
      { raw, _, buffer in
        let connection = Handle.owner(of: raw!.pointee.data, as: Connection.self)
        let memory = connection.loop.readBuffer
        buffer!.pointee.base = memory.baseAddress!.assumingMemoryBound(to: CChar.self)
        buffer!.pointee.len = memory.count
      },
      { raw, count, _ in
        Handle.owner(of: raw!.pointee.data, as: Connection.self).didRead(count)
      }
    )
  }

  private func didRead(_ count: Int) {
    if count > 0 {
      guard !isFinishing else { return }
      onBytes?(Array(loop.readBuffer[..<count]))
    } else if count == Int(UV_EOF.rawValue) {
      uv_read_stop(stream)
      end(nil)
    } else if count < 0 {
      end(LoopError(status: Int32(count), call: "read"))
    }
  }

  /// Tells the owner once; closes if that was an error, or if we had only been waiting for the peer.
  private func end(_ error: LoopError?) {
    let tell = isEnded ? nil : onEnd
    isEnded = true
    onEnd = nil
    tell?(error)
    if error != nil || (isFinishing && queuedBytes == 0) { close() }
  }

  // MARK: Writing

  /// Sends bytes after those already queued; a failure comes later, through `onEnd` and `onClose`.
  ///
  /// After `halfClose`, `finish` or `close` it does nothing.
  ///
  /// - Parameter bytes: What to send; copied if the system does not take it at once.
  public func write(_ bytes: [UInt8]) {
    loop.checkThread()
    guard !handle.isClosing, !isHalfClosed, !bytes.isEmpty else { return }
    let sent = bytes.withUnsafeBytes { tryWrite($0) }
    if sent < bytes.count { queue(bytes[sent...]) }
    if queuedBytes > drainMark { isAboveMark = true }
  }

  /// What the system takes at once; any error is left to the queued write, which reports it later.
  private func tryWrite(_ bytes: UnsafeRawBufferPointer) -> Int {
    let memory = UnsafeMutablePointer(
      mutating: bytes.assumingMemoryBound(to: CChar.self).baseAddress
    )
    var buffer = uv_buf_t(base: memory, len: bytes.count)
    return max(0, Int(uv_try_write(stream, &buffer, 1)))
  }

  private func queue(_ bytes: ArraySlice<UInt8>) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    memory.copyBytes(from: bytes)
    let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
    request.pointee.data = memory.baseAddress
    var buffer = uv_buf_t(
      base: memory.baseAddress!.assumingMemoryBound(to: CChar.self),
      len: memory.count
    )
    let status = uv_write(request, stream, &buffer, 1) { request, status in
      let connection = Handle.owner(of: request!.pointee.handle.pointee.data, as: Connection.self)
      request!.pointee.data.deallocate()
      request!.deallocate()
      connection.didWrite(status)
    }
    guard status != 0 else { return }
    memory.deallocate()
    request.deallocate()
    Timer.once(on: loop, after: .zero) { self.didWrite(status) }
  }

  private func didWrite(_ status: Int32) {
    // Closing cancels what was queued; that is no news.
    guard !handle.isClosing else { return }
    guard status == 0 else { return end(LoopError(status: status, call: "write")) }
    guard isAboveMark, queuedBytes <= drainMark else { return }
    isAboveMark = false
    onDrained?()
  }

  // MARK: Ending

  /// Sends what is queued and then tells the peer that no more will come; reading goes on.
  public func halfClose() {
    loop.checkThread()
    guard !handle.isClosing, !isHalfClosed else { return }
    isHalfClosed = true
    let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
    let status = uv_shutdown(request, stream) { request, status in
      let connection = Handle.owner(of: request!.pointee.handle.pointee.data, as: Connection.self)
      request!.deallocate()
      connection.didShutDown(status)
    }
    // ENOTCONN: the peer is gone already, which reading finds out.
    if status != 0 { request.deallocate() }
  }

  /// Sends what is queued, waits until the peer has closed too, and closes; what still arrives is dropped.
  ///
  /// Closing a TCP socket at once would make the system throw away what the peer has not read yet.
  ///
  /// - Parameters:
  ///   - limit: After this long it is closed in any case.
  ///   - linger: How long the peer may take to close once the system has all that was queued.
  public func finish(within limit: Duration, lingering linger: Duration = .seconds(2)) {
    loop.checkThread()
    guard !handle.isClosing, !isFinishing else { return }
    halfClose()
    self.linger = linger
    farewells.append(Timer.once(on: loop, after: limit) { self.close() })
    resumeReading()
    waitForPeer()
  }

  private var isFinishing: Bool { linger != nil }

  private func didShutDown(_ status: Int32) {
    guard !handle.isClosing else { return }
    guard status == 0 else { return end(LoopError(status: status, call: "shutdown")) }
    isShutDown = true
    waitForPeer()
  }

  private func waitForPeer() {
    guard let linger, isShutDown else { return }
    if isEnded { return close() }
    farewells.append(Timer.once(on: loop, after: linger) { self.close() })
  }

  /// Closes at once and drops what is queued; only `onClose` is called afterwards.
  public func close() {
    loop.checkThread()
    guard !handle.isClosing else { return }
    handle.close()
    for timer in farewells { timer.close() }
    farewells = []
    onBytes = nil
    onEnd = nil
    onDrained = nil
  }
}

extension Connection: HandleOwner {
  func handleDidClose() {
    let tell = onClose
    onClose = nil
    tell?()
  }
}
