import Loop
import Wire

// Every wait has an end.

extension Probe {
  /// Turns the loop until a condition holds; false when time is over.
  func holds(within limit: Duration, _ isDone: () -> Bool) -> Bool {
    guard !isDone() else { return true }
    let end = loop.now + limit
    let alarm = Timer(on: loop) { [loop] in loop.stop() }
    alarm.start(after: limit)
    defer { alarm.close() }
    while !isDone() {
      guard loop.now < end else { return false }
      loop.run()
    }
    return true
  }

  /// Waits for something that is owed.
  ///
  /// - Parameters:
  ///   - what: for the reason if it never comes.
  ///   - isDone: whether it has come.
  /// - Throws: `Failure` when the server broke a rule, closed, or took too long.
  func wait(for what: String, _ isDone: () -> Bool) throws {
    let isHere = holds(within: patience) { isDone() || breach != nil || isEnded }
    try judge()
    if isDone() { return }
    let last = goAway.map { "GOAWAY \"\($0.text)\"" }
    if isEnded { throw Failure("\(what) is owed; the server closed after \(last ?? "no GOAWAY")") }
    precondition(!isHere, "a wait ended for no reason")
    throw Failure("\(what) is owed, and did not come within \(patience)")
  }

  /// Fails if the server broke a rule of all connections.
  func judge() throws {
    if let breach { throw Failure(breach) }
  }

  /// Lets so much time pass.
  func pass(_ time: Duration) throws {
    _ = holds(within: time) { false }
    try judge()
  }

  /// Waits until the server has read everything that was sent so far, and answered what it answers at once.
  func settle() throws {
    // Far above the tokens that cases use.
    let token = UInt64(1) << 40 + UInt64(arrivals.count) << 20 + UInt64(pongs.count)
    send(.ping(ack: false, token: token))
    try wait(for: "the answer to PING") { pongs.contains(token) }
  }

  /// Waits for the BILL of a stream.
  @discardableResult
  func finished(_ stream: StreamID) throws -> Answer {
    let method = answers[stream]?.method ?? "?"
    try wait(for: "END of \(method) on stream \(stream)") { answers[stream]?.end != nil }
    try wait(for: "BILL of \(method) on stream \(stream)") { answers[stream]?.bill != nil }
    guard let answer = answers[stream] else { throw Failure("stream \(stream) was lost") }
    return answer
  }

  /// Waits for so many messages on a stream.
  func messages(_ count: Int, on stream: StreamID) throws {
    try wait(for: "message \(count) of \(answers[stream]?.method ?? "?")") {
      (answers[stream]?.messages.count ?? 0) >= count || answers[stream]?.end != nil
    }
    let answer = answers[stream]
    if let answer, answer.messages.count < count { try answer.ended("a message") }
  }

  /// Waits for the end of the connection, and judges what the server owed before it.
  func failed(_ word: String, last: StreamID?) throws {
    try wait(for: "GOAWAY \(word)") { goAway != nil }
    guard let goAway else { return }
    let came = "GOAWAY(\(goAway.last), \(goAway.status), \"\(goAway.text.prefix(100))\")"
    try require(goAway.text.hasPrefix("\(word):"), "GOAWAY \(word) is owed, came \(came)")
    try require(
      goAway.status == statuses[word],
      "status \(statuses[word] ?? -1) is owed, came \(came)"
    )
    if let last {
      try require(goAway.last == last, "last_stream \(last) is owed, came \(came)")
    }
    let isClosed = holds(within: patience) { isEnded || breach != nil }
    try judge()
    try require(isClosed, "the server is to close after GOAWAY, and did not within \(patience)")
    for (stream, answer) in answers.sorted(by: { $0.key < $1.key }) where stream <= goAway.last {
      try require(
        answer.end != nil && answer.bill != nil,
        "stream \(stream) is owed END and BILL in a connection error"
      )
    }
  }

  /// Requires that the connection is alive and well.
  func lives() throws {
    try settle()
    try ask("Health.Check").ended("ok")
  }
}
