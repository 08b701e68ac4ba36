import Loop
import Wire

/// Which call of a client; unlike a stream's number it exists before the connection has given one.
typealias CallKey = UInt64

/// What the tasks of a program ask of the client's loop thread.
enum Command: Sendable {
  /// Connect, and answer when the server has greeted.
  case connect(Address, Reply<Void>)
  /// Begin a call, with so many attempts in all.
  case open(CallKey, Open, attemptsMax: Int)
  /// Send a message when credit allows it.
  case send(CallKey, Value, Reply<Void>)
  /// All messages are sent.
  case halfClose(CallKey)
  /// Give the call up.
  case cancel(CallKey)
  /// Give back the credit of what was read, and hand out what has come since, or nil at the end.
  case read(CallKey, consumed: Int, Reply<Batch?>)
  /// Nobody reads the messages any more.
  case stopReading(CallKey)
  /// Wait for the end and the bill.
  case result(CallKey, Reply<Settled>)
  /// Nobody holds the call any more.
  case forget(CallKey)
  /// Measure the way to the server and back.
  case ping(Reply<Duration>, within: Duration)
  /// End the connection and the thread.
  case close(Reply<Void>?)

  /// Answers whoever waits for this command without doing it.
  func refuse(_ error: MeteError) {
    switch self {
    case .connect(_, let reply), .send(_, _, let reply): reply.fail(error)
    case .read(_, _, let reply): reply.fail(error)
    case .result(_, let reply): reply.fail(error)
    case .ping(let reply, _): reply.fail(error)
    // A client that is closed already is what the caller wanted.
    case .close(let reply): reply?.succeed(())
    case .open, .halfClose, .cancel, .stopReading, .forget: break
    }
  }
}

/// Messages that are handed to a reader together, and what they cost of the credit.
struct Batch: Sendable {
  var messages: [Value] = []
  var bytes = 0

  /// A reader gets about this many bytes at once, so that credit flows back while it works.
  static let bytesMax = 16_384
}

/// How a call that succeeded ended.
struct Settled: Sendable {
  let end: End
  let bill: Bill
}

/// The way back to the task that waits; used exactly once.
struct Reply<Answer: Sendable>: Sendable {
  let continuation: CheckedContinuation<Result<Answer, MeteError>, Never>

  func succeed(_ answer: Answer) { continuation.resume(returning: .success(answer)) }

  func fail(_ error: MeteError) { continuation.resume(returning: .failure(error)) }
}
