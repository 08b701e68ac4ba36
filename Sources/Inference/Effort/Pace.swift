/// How fast work goes while there is some: from the beginning of one turn to that of the next, or to its own end if that left none.
///
/// A step's own time says too little under load: text is tokenized, answers leave, and other threads want the same cores.
struct Pace: Sendable, Equatable {
  /// What is left of a turn's weight after the next one.
  private static let memory = 0.9

  private var seconds = 0.0
  private var macs = 0.0

  /// Notes a turn; one without work says nothing.
  mutating func learn(macs: Int, took time: Duration) {
    guard macs > 0 else { return }
    seconds = Self.memory * seconds + time / .seconds(1)
    self.macs = Self.memory * self.macs + Double(macs)
  }

  /// Seconds for one multiply-accumulate; nil before any turn.
  var secondsPerMAC: Double? { macs > 0 ? seconds / macs : nil }
}
