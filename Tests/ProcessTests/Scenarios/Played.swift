import MeteClient
import Synchronization
import Wire

/// A call of a scenario, and what has come of it.
final class Played {
  let call: Call?
  /// The id that it was given, if it was.
  let id: CallID?
  var messages: [Value] = []
  var error: MeteError?
  var end: End?
  var bill: Bill?
  var feeding: Feeding?
  private var iterator: Messages.Iterator?

  init(_ call: Call?, id: CallID?) {
    self.call = call
    self.id = id
    iterator = call?.messages.makeAsyncIterator()
  }

  /// The next message, nil after the last; how the call ended is kept.
  func next() async -> Value? {
    do throws(MeteError) {
      if let message = try await iterator?.next(isolation: nil) {
        messages.append(message)
        return message
      }
      let result = try await call?.result()
      (end, bill) = (result?.end, result?.bill)
    } catch {
      (self.error, bill) = (error, error.bill)
    }
    return nil
  }

  /// The strings of all messages, joined.
  var text: String {
    messages.flatMap { $0.asArray ?? [$0] }.compactMap(\.asString).joined()
  }

  /// The integers that messages list, in order.
  var numbers: [Value] {
    messages.flatMap { $0.asArray ?? [] }.filter { $0.asUInt != nil }
  }
}

/// Messages that are sent in the background, as credit allows.
final class Feeding: Sendable {
  private let done = Mutex(false)

  init(_ message: Value, times: Int, to call: Call) {
    Task { [self] in
      for _ in 0 ..< times { try await call.send(message) }
      call.halfClose()
      done.withLock { $0 = true }
    }
  }

  var isDone: Bool { done.withLock(\.self) }
}
