// swift-format-ignore-file: NeverForceUnwrap
import CUV
import Glibc

extension Connection {
  /// Connects to a server; tries every address of a host in turn.
  ///
  /// - Parameters:
  ///   - address: Where the server listens.
  ///   - loop: Where the connection lives.
  ///   - limit: After this long it fails with `timedOut`.
  ///   - completion: Called once, on the loop, after this call has returned. Reading begins when it returns.
  public static func connect(
    to address: Address,
    on loop: EventLoop,
    within limit: Duration = .seconds(10),
    completion: @escaping (Result<Connection, LoopError>) -> Void
  ) {
    loop.checkThread()
    Connector(to: address, on: loop, completion).start(within: limit)
  }
}

/// One attempt to connect, over all addresses of a host.
///
/// It connects and watches a plain descriptor, so that `Connection` has one way into the world.
private final class Connector: HandleOwner {
  private let address: Address
  private let loop: EventLoop
  private var completion: ((Result<Connection, LoopError>) -> Void)?
  private var candidates: [SocketAddress] = []
  private var lastError: LoopError
  private var descriptor: Int32?
  private var watch: Handle?
  private var limit: Timer?
  private var retry: Timer?

  /// How long to wait when a Unix server's backlog is full, which the system does not queue.
  private static let retryDelay: Duration = .milliseconds(5)

  init(
    to address: Address,
    on loop: EventLoop,
    _ completion: @escaping (Result<Connection, LoopError>) -> Void
  ) {
    self.address = address
    self.loop = loop
    self.completion = completion
    lastError = LoopError(
      code: .addressNotAvailable,
      call: "connect",
      reason: "\(address) has no address"
    )
  }

  func start(within limit: Duration) {
    let timer = Timer(on: loop) {
      let reason = "no answer from \(self.address) within \(limit)"
      self.complete(.failure(LoopError(code: .timedOut, call: "connect", reason: reason)))
    }
    timer.start(after: limit)
    // The timer lives as long as the attempt, so this is how the attempt hears that the loop closes.
    timer.onClose = { self.close() }
    self.limit = timer
    switch address {
    case .unix(let path):
      later {
        do throws(LoopError) {
          self.candidates = [try SocketAddress(path: path, call: "connect")]
          self.tryNext()
        } catch {
          self.complete(.failure(error))
        }
      }
    case .tcp(let host, let port):
      HostLookup.find(host, port: port, on: loop) { found in
        switch found {
        case .success(let addresses):
          self.candidates = addresses
          self.tryNext()
        case .failure(let error): self.fail(error, ends: true)
        }
      }
    }
  }

  private func later(after delay: Duration = .zero, _ action: @escaping () -> Void) {
    retry = Timer.once(on: loop, after: delay, action)
  }

  private func tryNext() {
    guard completion != nil else { return }
    guard !candidates.isEmpty else { return complete(.failure(lastError)) }
    do throws(LoopError) {
      try attempt(candidates.removeFirst())
    } catch {
      fail(error, ends: false)
    }
  }

  private func attempt(_ candidate: SocketAddress) throws(LoopError) {
    let socket = try Descriptor.socket(family: candidate.family)
    if candidate.withPointer({ Glibc.connect(socket.number, $0, $1) }) == 0 {
      return succeed(socket.release())
    }
    let error = errno
    if error == EAGAIN, candidate.family == AF_UNIX {
      candidates.append(candidate)
      return later(after: Connector.retryDelay) { self.tryNext() }
    }
    guard error == EINPROGRESS else { throw .fromErrno(error, call: "connect") }
    let handle = Handle(UV_POLL)
    let status = uv_poll_init(loop.raw, handle.pointer(as: uv_poll_t.self), socket.number)
    guard status == 0 else {
      handle.abandon()
      throw LoopError(status: status, call: "uv_poll_init")
    }
    handle.adopt(self)
    watch = handle
    descriptor = socket.release()
    uv_poll_start(handle.pointer(as: uv_poll_t.self), Int32(UV_WRITABLE.rawValue)) { raw, _, _ in
      Handle.owner(of: raw!.pointee.data, as: Connector.self).watch?.close()
    }
  }

  /// The watched descriptor is decided, or was given up; libuv has let go of it.
  func handleDidClose() {
    guard let number = descriptor else { return }
    descriptor = nil
    watch = nil
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size)
    if completion == nil || error != 0 {
      Glibc.close(number)
      fail(.fromErrno(error, call: "connect"), ends: false)
    } else {
      succeed(number)
    }
  }

  private func succeed(_ number: Int32) {
    do throws(LoopError) {
      let descriptor = Descriptor(number)
      complete(.success(try Connection(accepted: descriptor, at: address, on: loop)))
    } catch {
      fail(error, ends: false)
    }
  }

  private func fail(_ error: LoopError, ends: Bool) {
    let reason = "\(error.code.sentence): \(address)"
    lastError = LoopError(code: error.code, call: error.call, reason: reason)
    if ends { candidates = [] }
    tryNext()
  }

  private func complete(_ result: Result<Connection, LoopError>) {
    guard let tell = completion else { return }
    completion = nil
    limit?.close()
    retry?.close()
    watch?.close()
    tell(result)
    if case .success(let connection) = result { connection.begin() }
  }

  /// The loop is closing.
  func close() {
    complete(
      .failure(LoopError(code: .cancelled, call: "connect", reason: "the event loop was closed"))
    )
    watch?.close()
  }
}
