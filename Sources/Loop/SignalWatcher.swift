// swift-format-ignore-file: NeverForceUnwrap
import CUV
import Glibc

/// The signals that a daemon answers.
public enum Signal: Hashable, Sendable, CaseIterable {
  /// SIGTERM: end in order.
  case terminate
  /// SIGINT: end in order, from a keyboard.
  case interrupt
  /// SIGHUP: read the configuration again.
  case hangup

  var number: Int32 {
    switch self {
    case .terminate: SIGTERM
    case .interrupt: SIGINT
    case .hangup: SIGHUP
    }
  }
}

/// Calls a closure on the loop when the process receives a signal, in place of the default action.
public final class SignalWatcher {
  private let loop: EventLoop
  private let signal: Signal
  private let handle: Handle
  private var action: ((Signal) -> Void)?

  /// Starts to watch one signal.
  ///
  /// - Parameters:
  ///   - signal: Which one.
  ///   - loop: Where the action runs.
  ///   - action: Called for every arrival; arrivals between two turns may be merged.
  /// - Throws: `LoopError` when the system refuses.
  public init(
    _ signal: Signal,
    on loop: EventLoop,
    _ action: @escaping (Signal) -> Void
  ) throws(LoopError) {
    loop.checkThread()
    self.loop = loop
    self.signal = signal
    self.action = action
    Self.unblock(signal)
    handle = Handle(UV_SIGNAL)
    let status = uv_signal_init(loop.raw, handle.pointer(as: uv_signal_t.self))
    guard status == 0 else {
      handle.abandon()
      throw LoopError(status: status, call: "uv_signal_init")
    }
    handle.adopt(self)
    let started = uv_signal_start(
      handle.pointer(as: uv_signal_t.self),
      { raw, _ in
        let watcher = Handle.owner(of: raw!.pointee.data, as: SignalWatcher.self)
        watcher.action?(watcher.signal)
      },
      signal.number
    )
    guard started == 0 else {
      close()
      throw LoopError(status: started, call: "uv_signal_start")
    }
  }

  /// Lets the signal through to this thread: a process inherits its parent's mask, and with the signal
  /// blocked nobody would ever hear it.
  private static func unblock(_ signal: Signal) {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, signal.number)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// Keeps all signals of `Signal` from killing the process, from now until it exits.
  ///
  /// The default action comes back with the last watcher of a signal, and then any thread may take it, one that a library
  /// started and that blocks nothing too. So one watcher for each stays open, on a loop that never runs.
  ///
  /// - Throws: `LoopError` when the system refuses.
  public static func keepAll() throws(LoopError) {
    let loop = try EventLoop()
    for signal in Signal.allCases { _ = try SignalWatcher(signal, on: loop) { _ in } }
    _ = Unmanaged.passRetained(loop)
  }

  /// Stops watching; the signal's default action applies again.
  public func close() {
    loop.checkThread()
    handle.close()
    action = nil
  }
}

extension SignalWatcher: HandleOwner {
  func handleDidClose() {}
}
