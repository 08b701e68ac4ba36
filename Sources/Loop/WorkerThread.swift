// swift-format-ignore-file: NeverForceUnwrap
import CUV
import Glibc

/// A named thread that runs one closure to its end.
public final class WorkerThread: @unchecked Sendable {
  // Sendable: `thread` is written once in `init`; `isJoined` is read and written under `lock`.
  private let thread: pthread_t
  private let lock = Lock()
  private var isJoined = false

  /// Starts a thread at once.
  ///
  /// - Parameters:
  ///   - name: Shown by debuggers and `top`; the kernel keeps 15 bytes.
  ///   - body: What the thread does. It is sent there, so it cannot capture a loop of another thread.
  public init(named name: String, _ body: sending @escaping () -> Void) {
    var started = pthread_t()
    let work = Unmanaged.passRetained(
      Work(name: String(decoding: name.utf8.prefix(15), as: UTF8.self), body: body)
    )
    let status = pthread_create(
      &started,
      nil,
      { argument in
        let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
        cuv_name_thread(work.name)
        work.body()
        return nil
      },
      work.toOpaque()
    )
    precondition(status == 0, "thread \(name) could not be started: error \(status)")
    thread = started
  }

  deinit {
    if !isJoined { pthread_detach(thread) }
  }

  /// Waits until the closure has returned; later calls return at once.
  ///
  /// - Precondition: Not called on the thread itself, which would wait forever.
  public func join() {
    precondition(
      pthread_equal(thread, pthread_self()) == 0,
      "a thread cannot wait for its own end"
    )
    lock.withLock {
      if !isJoined { pthread_join(thread, nil) }
      isJoined = true
    }
  }

  private final class Work {
    let name: String
    let body: () -> Void

    init(name: String, body: @escaping () -> Void) {
      self.name = name
      self.body = body
    }
  }
}

/// A mutex with one condition, for `WorkerThread`, `WorkQueue` and `Mailbox` alone.
final class Lock: @unchecked Sendable {
  // Sendable: both pointers are written once, and POSIX lets any thread use what they point to.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    let status = max(pthread_mutex_init(mutex, nil), pthread_cond_init(condition, nil))
    precondition(status == 0, "a lock could not be made: error \(status)")
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func withLock<Value>(_ body: () -> Value) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Sleeps until `signal`, with the lock open meanwhile; may wake without reason.
  func wait() { pthread_cond_wait(condition, mutex) }

  /// Wakes one sleeper.
  func signal() { pthread_cond_signal(condition) }

  /// Wakes all sleepers.
  func broadcast() { pthread_cond_broadcast(condition) }
}
