import Wire

/// The attempts of one call: how many were made, and whether another may follow.
struct Attempts {
  /// How one attempt failed.
  enum Failure: Equatable {
    /// There was no connection to make it on.
    case noConnection
    /// The server's GOAWAY says that it never took the stream.
    case neverTaken
    /// This side saw that the server would refuse it, and wrote nothing.
    case refusedHere(Detail)
    /// The server ended it; its bill says what it had done by then.
    case ended(Detail?, macsTotal: UInt64)
    /// The connection went away after OPEN was written: nobody here knows what was done.
    case lost
  }

  /// Attempts in all.
  let most: Int

  /// Attempts that were begun, the running one included.
  private(set) var made = 0

  /// Whether the running attempt is the last whatever becomes of it.
  private var isFinal = false

  init(most: Int) { self.most = max(1, most) }

  /// Whether the input may be needed once more.
  var mayNeedInput: Bool { !isFinal && made < most }

  mutating func begin() { made += 1 }

  /// A message has come, or the call was given up: no other attempt follows.
  mutating func makeFinal() { isFinal = true }

  /// Whether another attempt is safe and allowed.
  func mayFollow(_ failure: Failure) -> Bool {
    guard mayNeedInput else { return false }
    return switch failure {
    case .noConnection, .neverTaken: true
    case .refusedHere(let detail): detail.isRetryable
    case .ended(let detail, let macsTotal): detail?.isRetryable == true && macsTotal == 0
    case .lost: false
    }
  }
}
