internal import Dispatch

/// Tapes that work on parts of one batch at the same time, a thread each.
///
/// A batch is cut into parts of whole sequences. Each tape computes the loss of its part and its gradients; an optimiser
/// adds them up in the order of the tapes. So the result depends on how many there are and on nothing else.
public final class Crew<Number: Real>: @unchecked Sendable {
  // `each` gives every tape to one thread, and returns only when all are done.

  let tapes: [Tape<Number>]

  /// - Parameter count: tapes; as many as cores is best, with OpenBLAS on one thread (`BLAS.setThreads`).
  public init(count: Int) {
    precondition(count > 0, "\(count) tapes")
    tapes = (0 ..< count).map { _ in Tape() }
  }

  /// How many tapes there are.
  public var count: Int { tapes.count }

  /// Runs `body` for every tape at the same time.
  ///
  /// - Parameter body: is given the number of the tape, and the tape.
  public func each(_ body: @Sendable (Int, Tape<Number>) -> Void) {
    guard count > 1 else { return body(0, tapes[0]) }
    DispatchQueue.concurrentPerform(iterations: count) { body($0, self.tapes[$0]) }
  }

  /// What `body` gives for every tape, in their order; they run at the same time.
  ///
  /// - Parameter body: is given the number of the tape, and the tape.
  /// - Returns: a value for every tape.
  public func map<Value: Sendable>(
    _ body: @Sendable (Int, Tape<Number>) -> Value
  ) -> [Value] {
    // Every thread writes a place of its own.
    let places = UnsafeMutableBufferPointer<Value>.allocate(capacity: count)
    defer { places.deallocate() }
    nonisolated(unsafe) let start = places.baseAddress.unsafelyUnwrapped
    each { (start + $0).initialize(to: body($0, $1)) }
    let values = Array(places)
    places.deinitialize()
    return values
  }

  /// A parameter's gradient, summed over the tapes; nil before there is one.
  public func gradient(of parameter: Parameter<Number>) -> [Number]? {
    let parts = tapes.compactMap { $0.gradient(of: parameter) }
    guard var sum = parts.first else { return nil }
    for part in parts.dropFirst() { for i in sum.indices { sum[i] += part[i] } }
    return sum
  }

  /// Sets all gradients to 0.
  public func clearGradients() { each { $1.clearGradients() } }

  /// Runs `body` for `0 ..< iterations` on as many threads as there are tapes.
  func parallel(_ iterations: Int, _ body: @Sendable (Int) -> Void) {
    guard count > 1 else { return (0 ..< iterations).forEach(body) }
    DispatchQueue.concurrentPerform(iterations: iterations, execute: body)
  }
}
