import Synchronization

/// A value for every thread of a crew.
final class PerThread<Value: Sendable>: Sendable {
  private let storage: Mutex<[Value?]>

  init(count: Int) { storage = Mutex(.init(repeating: nil, count: count)) }

  subscript(index: Int) -> Value? {
    get { storage.withLock { $0[index] } }
    set { storage.withLock { $0[index] = newValue } }
  }

  /// Those that were set, in the order of the threads.
  var values: [Value] { storage.withLock { $0.compactMap { $0 } } }
}
