import Loop
import Wire

/// What the loop thread knows of one call.
struct CallState {
  /// What it asks for, for every attempt.
  let open: Open
  /// When its deadline passes, over all attempts and waits.
  let expiry: Duration?
  /// The attempts that were made and may yet be made.
  var attempts: Attempts
  /// Where it runs; nil while it waits for a connection or another attempt.
  var place: Place?
  /// Messages that were sent and that another attempt would need again.
  var kept: [Value] = []
  /// Messages that have come and that nobody has taken yet; credit bounds them.
  var arrived: [(message: Value, bytes: Int)] = []
  /// The task that waits for a message.
  var reader: Reply<Batch?>?
  /// Whether somebody reads, or has stopped reading, or never began.
  var reading = Reading.notBegun
  /// Messages that wait for credit, in order.
  var unsent: [(message: Value, reply: Reply<Void>?)] = []
  /// Whether HALF_CLOSE is due or was sent.
  var isHalfClosed = false
  /// Why we gave the call up, if it was not the program's wish.
  var blame: MeteError?
  /// The server's END; its BILL is awaited.
  var end: End?
  /// The tasks that wait for the end.
  var waiting: [Reply<Settled>] = []
  /// How it all ended.
  var outcome: Result<Settled, MeteError>?
  /// Whether nobody holds the call any more.
  var isForgotten = false
  /// Runs while something is expected of the server within a time.
  var timer: Timer?

  init(_ open: Open, attemptsMax: Int, now: Duration) {
    self.open = open
    expiry = open.deadline.map { now + $0 }
    attempts = Attempts(most: attemptsMax)
  }

  enum Reading {
    case notBegun, reading, stopped
  }

  /// Takes note that a message went out.
  mutating func keep(_ message: Value) {
    if attempts.mayNeedInput { kept.append(message) }
  }

  /// No other attempt follows, so nothing is kept for one.
  mutating func makeFinal() {
    attempts.makeFinal()
    kept = []
  }

  /// Becomes what it was before the attempt that has failed.
  mutating func startOver() {
    place = nil
    end = nil
    unsent = kept.map { ($0, nil) } + unsent
    kept = []
  }

  /// Takes messages for a reader off the front, at least one if there is any.
  mutating func nextBatch() -> Batch? {
    guard !arrived.isEmpty else { return nil }
    var batch = Batch()
    while batch.messages.count < arrived.count,
      batch.messages.isEmpty || batch.bytes < Batch.bytesMax
    {
      let next = arrived[batch.messages.count]
      batch.messages.append(next.message)
      batch.bytes += next.bytes
    }
    arrived.removeFirst(batch.messages.count)
    return batch
  }

  /// Drops what nobody will read.
  ///
  /// - Returns: The bytes to give back.
  mutating func dropArrived() -> Int {
    let bytes = arrived.reduce(0) { $0 + $1.bytes }
    arrived = []
    return bytes
  }

  /// Hands the reader what there is: messages first, then the end.
  mutating func serveReader() {
    guard let waiting = reader else { return }
    if let batch = nextBatch() {
      reader = nil
      waiting.succeed(batch)
    } else if let outcome {
      reader = nil
      switch outcome {
      case .success: waiting.succeed(nil)
      case .failure(let error): waiting.fail(error)
      }
    }
  }

  /// Answers all who wait, now that the outcome is known.
  mutating func settle(_ result: Result<Settled, MeteError>) {
    guard outcome == nil else { return }
    outcome = result
    kept = []
    timer?.close()
    timer = nil
    serveReader()
    for reply in waiting { reply.continuation.resume(returning: result) }
    waiting = []
    let refusal = sendRefusal
    for (_, reply) in unsent { reply?.fail(refusal) }
    unsent = []
  }

  /// Why a message is not taken once the outcome is known.
  var sendRefusal: MeteError {
    switch outcome {
    case .failure(let error): error
    case .success(let settled):
      MeteError(
        .failedPrecondition,
        detail: MeteError.Local.callEnded,
        text: "the call ended before it took this message",
        bill: settled.bill
      )
    case nil:
      MeteError(
        .invalidArgument,
        detail: Detail.messageAfterHalfClose.rawValue,
        text: "a message after halfClose"
      )
    }
  }
}
