import Foundation
import Testing

/// Clients that come one after the other, all the time, and go once they are greeted.
///
/// All that changes is guarded by `condition`.
final class Crowd: @unchecked Sendable {
  private let condition = NSCondition()
  private var greeted = 0
  private var failures: [String] = []
  private var isOver = false
  private var running: Int

  init(_ names: [SocketName]) {
    running = names.count
    for name in names { Thread.detachNewThread { [self] in come(to: name) } }
  }

  private func come(to name: SocketName) {
    while condition.withLock({ !isOver && failures.isEmpty }) {
      var failure: String?
      do {
        let number = try BlockingPeer.connected(to: name)
        var byte: UInt8 = 0
        // The first byte of HELLO; while nobody serves, the system keeps the connection waiting.
        if recv(number, &byte, 1, 0) != 1 { failure = "\(name) did not greet: \(errno)" }
        close(number)
      } catch {
        failure = "\(name) refused: \(error)"
      }
      condition.withLock {
        if let failure { failures.append(failure) } else { greeted += 1 }
        condition.broadcast()
      }
    }
    condition.withLock {
      running -= 1
      condition.broadcast()
    }
  }

  /// Waits until so many more were greeted than now.
  func waitForGreetings(_ count: Int, _ place: SourceLocation = #_sourceLocation) throws {
    let wanted = condition.withLock { greeted + count }
    try wait(place) { greeted >= wanted || !failures.isEmpty }
  }

  /// Sends everybody home.
  ///
  /// - Returns: who was turned away.
  func disperse(_ place: SourceLocation = #_sourceLocation) throws -> [String] {
    condition.withLock { isOver = true }
    try wait(place) { running == 0 }
    return condition.withLock { failures }
  }

  private func wait(_ place: SourceLocation, until isDone: () -> Bool) throws {
    let end = Date(timeIntervalSinceNow: Child.patience)
    condition.lock()
    defer { condition.unlock() }
    while !isDone() {
      guard condition.wait(until: end) else {
        Issue.record("nobody was greeted any more; \(failures)", sourceLocation: place)
        throw WaitedInVain()
      }
    }
  }
}
