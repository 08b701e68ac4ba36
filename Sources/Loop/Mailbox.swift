// swift-format-ignore-file: NeverForceUnwrap
import CUV
internal import Glibc
import Synchronization

/// A way to the loop's thread from any other: posts are gathered and delivered in one batch per turn.
public final class Mailbox<Element: Sendable>: @unchecked Sendable {
  // Sendable: `pending` and `isClosed` are used under `lock`; `deliver` and `waker`'s handle only on
  // the loop's thread, except `waker.wake`, which libuv allows anywhere and `waking` orders before close.
  private let lock = Lock()
  private var pending: [Element] = []
  /// How many threads are about to wake the loop.
  ///
  /// They do so without the lock: the loop, which can be awake before the call that woke it returns, would only sleep again.
  private let waking = Atomic(0)
  private var isClosed = false
  private var deliver: (([Element]) -> Void)?
  private let waker: Waker

  /// Opens a mailbox; the loop keeps it, and itself running, until it is closed.
  ///
  /// - Parameters:
  ///   - loop: Whose thread receives; call this on it.
  ///   - deliver: Called on the loop with everything posted since the last call, in order; never empty.
  /// - Throws: `LoopError` when the system refuses.
  public init(on loop: EventLoop, _ deliver: @escaping ([Element]) -> Void) throws(LoopError) {
    waker = try Waker(on: loop)
    self.deliver = deliver
    waker.onWake = { self.deliverPending() }
    waker.onClose = { self.close() }
  }

  /// Posts elements from any thread; the loop is woken once for all posts between two turns.
  ///
  /// - Parameters:
  ///   - elements: What to deliver.
  ///   - wake: Runs what wakes the loop, once and soon, on any thread; here, unless told otherwise. `close` waits for it.
  /// - Returns: False, with nothing posted, when the mailbox is closed.
  @discardableResult
  public func post(
    _ elements: [Element],
    waking wake: (@escaping @Sendable () -> Void) -> Void = { $0() }
  ) -> Bool {
    let (isTaken, wakes) = lock.withLock {
      guard !isClosed else { return (false, false) }
      let wakes = pending.isEmpty && !elements.isEmpty
      pending += elements
      if wakes { waking.add(1, ordering: .relaxed) }
      return (true, wakes)
    }
    if wakes {
      wake {
        self.waker.wake()
        self.waking.subtract(1, ordering: .releasing)
      }
    }
    return isTaken
  }

  /// Posts one element from any thread.
  ///
  /// - Parameter element: What to deliver.
  /// - Returns: False, with nothing posted, when the mailbox is closed.
  @discardableResult
  public func post(_ element: Element) -> Bool { post([element]) }

  /// Refuses everything from now on; call it on the loop's thread.
  ///
  /// - Returns: What was posted and will not be delivered.
  @discardableResult
  public func close() -> [Element] {
    let (wasClosed, undelivered) = lock.withLock {
      defer {
        isClosed = true
        pending = []
      }
      return (isClosed, pending)
    }
    guard !wasClosed else { return [] }
    // Nobody begins to wake a closed mailbox; who has begun is in one system call, or has an errand that is about to run.
    while waking.load(ordering: .acquiring) > 0 { sched_yield() }
    deliver = nil
    waker.close()
    return undelivered
  }

  private func deliverPending() {
    let batch = lock.withLock {
      let batch = pending
      pending = []
      return batch
    }
    if !batch.isEmpty { deliver?(batch) }
  }
}

/// The libuv side of a mailbox, apart because a C callback cannot name a generic type.
private final class Waker: HandleOwner {
  private let loop: EventLoop
  private let handle: Handle
  private let wakeUp: UnsafeMutablePointer<uv_async_t>
  var onWake: (() -> Void)?
  var onClose: (() -> Void)?

  init(on loop: EventLoop) throws(LoopError) {
    loop.checkThread()
    self.loop = loop
    handle = Handle(UV_ASYNC)
    wakeUp = handle.pointer(as: uv_async_t.self)
    let status = uv_async_init(loop.raw, wakeUp) { raw in
      Handle.owner(of: raw!.pointee.data, as: Waker.self).onWake?()
    }
    guard status == 0 else {
      handle.abandon()
      throw LoopError(status: status, call: "uv_async_init")
    }
    handle.adopt(self)
  }

  /// Callable from any thread while the mailbox is open.
  func wake() { uv_async_send(wakeUp) }

  /// Closes the mailbox too when the loop asks for it, and breaks the cycle between the two.
  func close() {
    loop.checkThread()
    let closeMailbox = onClose
    onWake = nil
    onClose = nil
    // First, so that no thread still sends on the handle.
    closeMailbox?()
    handle.close()
  }

  func handleDidClose() {}
}
