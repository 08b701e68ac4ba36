// swift-format-ignore-file: NeverForceUnwrap
import CUV
import Glibc

/// A single-threaded event loop: it waits for sockets, timers, signals and mailboxes, and calls their closures.
///
/// A loop belongs to the thread that made it; debug builds trap when another thread touches it.
public final class EventLoop {
  private let memory: UnsafeMutablePointer<uv_loop_t>

  /// Where every read of this loop lands before it is copied out; reads come one at a time.
  let readBuffer: UnsafeMutableRawBufferPointer

  private let thread = pthread_self()
  private var isClosing = false
  private var isClosed = false

  /// libuv's loop, for the handles that are made on it.
  var raw: UnsafeMutablePointer<uv_loop_t> {
    precondition(!isClosed, "an event loop was used after it was closed")
    return memory
  }

  /// Bytes of one read at most.
  static let readBytesMax = 65_536

  /// Makes a loop for the calling thread, and ignores SIGPIPE unless the program handles it already.
  ///
  /// - Throws: `LoopError` when the process has no file descriptors left.
  public init() throws(LoopError) {
    EventLoop.ignoreBrokenPipes()
    memory = .allocate(capacity: 1)
    let status = uv_loop_init(memory)
    guard status == 0 else {
      memory.deallocate()
      throw LoopError(status: status, call: "uv_loop_init")
    }
    readBuffer = .allocate(byteCount: EventLoop.readBytesMax, alignment: 16)
  }

  /// The last reference to a closed loop may be a mailbox's, on any thread.
  deinit {
    if !isClosing { close() }
  }

  /// Runs until `stop` is called or nothing is left to wait for; it may be run again.
  public func run() {
    checkThread()
    uv_run(raw, UV_RUN_DEFAULT)
  }

  /// Makes `run` return at the end of this turn.
  public func stop() {
    checkThread()
    uv_stop(raw)
  }

  /// Closes everything that is still open on this loop, waits for it, and gives the memory back.
  ///
  /// Connections that were open hear `onClose` and nothing else. The loop cannot be used afterwards.
  public func close() {
    checkThread()
    guard !isClosing else { return }
    isClosing = true
    for owner in openOwners() { owner.close() }
    // A stop request from the last turn would make this run return before the close callbacks.
    while uv_run(memory, UV_RUN_DEFAULT) != 0 { for owner in openOwners() { owner.close() } }
    isClosed = true
    let status = uv_loop_close(memory)
    precondition(status == 0, "a closed loop still holds a handle or request (\(status))")
    memory.deallocate()
    readBuffer.deallocate()
  }

  /// Monotonic time since an arbitrary moment, read from the clock at every call.
  public var now: Duration { .nanoseconds(Int64(uv_hrtime())) }

  /// Traps in debug builds when the calling thread is not the one that made the loop.
  ///
  /// - Parameter function: The caller, for the message.
  public func checkThread(_ function: StaticString = #function) {
    assert(
      pthread_equal(thread, pthread_self()) != 0,
      "\(function) was called on another thread than its event loop's; post to a Mailbox instead"
    )
  }

  /// The owners of all handles that are not closing yet.
  private func openOwners() -> [any HandleOwner] {
    final class Found { var owners: [any HandleOwner] = [] }
    let found = Found()
    uv_walk(
      memory,
      { handle, argument in
        guard uv_is_closing(handle) == 0, let data = handle!.pointee.data else { return }
        let owner = Handle.owner(of: data, as: AnyObject.self) as? any HandleOwner
        let found = Unmanaged<Found>.fromOpaque(argument!).takeUnretainedValue()
        if let owner { found.owners.append(owner) }
      },
      Unmanaged.passUnretained(found).toOpaque()
    )
    return found.owners
  }

  /// libuv writes with plain `write`, so a dead peer would kill the process.
  private static func ignoreBrokenPipes() {
    var current = sigaction()
    sigaction(SIGPIPE, nil, &current)
    guard current.__sigaction_handler.sa_handler == nil else { return }
    signal(SIGPIPE, SIG_IGN)
  }
}
