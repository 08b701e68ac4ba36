import Synchronization

/// What a scripted server has seen, for one test that waits for it.
///
/// Waiting suspends and never blocks: tests share a pool of one thread a core, and two that block there while what they
/// wait for needs the pool would wait for ever.
final class Happenings: Sendable {
  private struct State {
    var unseen: [ScriptedServer.Event] = []
    var waiter: (event: ScriptedServer.Event, continuation: CheckedContinuation<Void, Never>)?
  }

  private let state = Mutex(State())

  func post(_ event: ScriptedServer.Event) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard let waiter = state.waiter, waiter.event == event else {
        if state.waiter == nil { state.unseen.append(event) }
        return nil
      }
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume()
  }

  func wait(for event: ScriptedServer.Event) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        guard let index = state.unseen.firstIndex(of: event) else {
          precondition(state.waiter == nil, "one test waits at a time")
          state.unseen = []
          state.waiter = (event, continuation)
          return false
        }
        state.unseen.removeFirst(index + 1)
        return true
      }
      if isThere { continuation.resume() }
    }
  }
}
