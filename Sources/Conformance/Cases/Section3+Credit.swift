import Wire

// §3.2: credit, both ways.

extension Limits {
  /// The defaults with other windows.
  fileprivate static func windows(stream: Int = 65_536, connection: Int = 1_048_576) -> Limits {
    var limits = Limits()
    limits.streamCredit = stream
    limits.connectionCredit = connection
    return limits
  }
}

extension Stage {
  /// A client that gives no credit back by itself.
  fileprivate func miser(stream: Int = 65_536, connection: Int = 1_048_576) throws -> Probe {
    let probe = try connect(.windows(stream: stream, connection: connection))
    probe.givesCredit = false
    return probe
  }
}

extension Case {
  private static let cover =
    "A sender MUST NOT send DATA that either window does not cover."

  static let credit: [Case] = [
    Case("no_credit_no_data", cover) {
      let probe = try $0.miser(stream: 0)
      let stream = probe.open("Health.Check")
      try probe.settle()
      try probe.pass(.milliseconds(20))
      let answer = probe.answers[stream]
      try require(answer?.messages.isEmpty == true, "DATA came without credit")
      try require(answer?.end == nil, "END came before DATA that waits for credit")
      probe.send(.credit(stream, bytes: 1000))
      _ = try probe.finished(stream).ended("ok").only()
    },
    Case("no_credit_for_the_connection", cover) {
      let probe = try $0.miser(connection: 0)
      let stream = probe.open("Health.Check")
      try probe.settle()
      try probe.pass(.milliseconds(20))
      try require(probe.answers[stream]?.messages.isEmpty == true, "DATA came without credit")
      probe.send(.credit(0, bytes: 1000))
      try probe.finished(stream).ended("ok")
    },
    Case("credit_to_the_last_byte", "DATA spends credit: its N, in full.") {
      let size = try $0.connect().ask("Health.Check").dataBytes.reduce(0, +)
      try require(size > 1, "Health.Check sent no DATA")
      let probe = try $0.miser(stream: size - 1)
      let stream = probe.open("Health.Check")
      try probe.settle()
      try require(probe.answers[stream]?.end == nil, "DATA of \(size) bytes is not covered")
      probe.send(.credit(stream, bytes: 1))
      try probe.finished(stream).ended("ok")
      let exact = try $0.miser(stream: size)
      try exact.ask("Health.Check").ended("ok")
    },
    Case("end_and_bill_cost_no_credit", "HALF_CLOSE, END, BILL … cost none.") {
      let probe = try $0.miser(stream: 0, connection: 0)
      try probe.ask("Nonsense").ended("unknown_method")
      let stream = probe.open("Health.Check", closes: false)
      probe.send(.cancel(stream))
      try probe.finished(stream).ended("cancelled")
    },
    Case("flow_control_pushback", "When the server lacks credit for a stream, it pauses.") {
      let options = try $0.options("Generate", ["max_tokens": 16, "ignore_eos": true])
      let probe = try $0.miser(stream: 100)
      let stream = probe.open("Generate", options, ["sun"])
      try probe.messages(1, on: stream)
      // Another call of the same length passes it, so it had the time to end.
      _ = try $0.succeed("Generate", ["max_tokens": 16, "ignore_eos": true], ["sun"])
      try probe.settle()
      try require(probe.answers[stream]?.end == nil, "the answer came without credit for it")
      probe.givesCredit = true
      probe.send(.credit(stream, bytes: 100), .credit(0, bytes: 100))
      let answer = try probe.finished(stream).ended("ok")
      try require(answer.bill?.tokensOut == 16, "16 tokens are owed")
    },
    Case("credit_in_crumbs", "CREDIT(stream, bytes) adds to a stream's window.") {
      let probe = try $0.miser(stream: 0)
      let stream = probe.open("Health.Check")
      for _ in 0 ..< 200 { probe.send(.credit(stream, bytes: 1)) }
      try probe.finished(stream).ended("ok")
    },
    Case(
      "one_stream_without_credit_holds_up_no_other",
      "DATA spends the stream's window and the connection's."
    ) {
      let probe = try $0.miser(stream: 100)
      let options = try $0.options("Generate", ["max_tokens": 16, "ignore_eos": true])
      let stuck = probe.open("Generate", options, ["sun"])
      try probe.messages(1, on: stuck)
      _ = try $0.succeed("Generate", ["max_tokens": 16, "ignore_eos": true], ["sun"])
      try probe.ask("Health.Check").ended("ok")
      try require(probe.answers[stuck]?.end == nil, "the stuck call ended")
      probe.send(.cancel(stuck))
      try probe.finished(stuck).ended("cancelled")
    },
    Case(
      "windows_move_with_a_late_hello",
      "All windows move to where they would be if they had begun at its limits."
    ) {
      // The server's HELLO has come long before; ours comes after it, with windows of its own.
      let probe = try $0.connectSilently()
      try probe.wait(for: "HELLO of the server") { probe.hasGreeted }
      probe.givesCredit = false
      probe.send(.hello(Hello(limits: .windows(stream: 10))))
      let stream = probe.open("Health.Check")
      try probe.settle()
      try require(probe.answers[stream]?.messages.isEmpty == true, "DATA is over a window of 10")
      probe.send(.credit(stream, bytes: 1000))
      try probe.finished(stream).ended("ok")
    },
    Case(
      "credit_comes_back_for_a_stream",
      "The receiver gives credit back as the application consumes."
    ) {
      let options = try $0.options("Tokenize")
      let probe = try $0.connect()
      try probe.settle()
      let stream = probe.open("Tokenize", options, closes: false)
      let half = probe.server.streamCredit / 2
      let words = Array(String(repeating: "sun ", count: half / 4 - 8).utf8)
      probe.send(.data(stream, .binary(words)))
      try probe.wait(for: "CREDIT for \(words.count) bytes on the stream") {
        (probe.answers[stream]?.credit ?? 0) >= words.count
      }
      probe.send(.halfClose(stream))
      try probe.finished(stream).ended("ok")
    },
    Case(
      "a_little_credit_comes_back_in_time",
      "It gives back what is owed after a second at the latest."
    ) {
      let options = try $0.options("Tokenize")
      let probe = try $0.connect()
      let stream = probe.open("Tokenize", options, ["sun and rain "], closes: false)
      let sent = probe.dataSent
      try probe.wait(for: "CREDIT for \(sent) bytes on the stream") {
        probe.answers[stream]?.credit == sent
      }
      try probe.wait(for: "CREDIT for \(sent) bytes on the connection") {
        probe.connectionCredit == sent
      }
      probe.send(.halfClose(stream))
      try probe.finished(stream).ended("ok")
    },
    Case(
      "credit_comes_back_for_ended_streams",
      "When a stream ends, the receiver gives all its DATA back to the connection."
    ) {
      let options = try $0.options("Generate", ["max_tokens": 1])
      let probe = try $0.connect()
      try probe.ask("Generate", options, ["sun", "sun"])
      let stream = probe.open("Generate", options, ["sun"], closes: false)
      probe.send(.cancel(stream))
      try probe.finished(stream)
      try probe.wait(for: "CREDIT(0) for \(probe.dataSent) bytes") {
        probe.connectionCredit == probe.dataSent
      }
    },
    Case(
      "credit_comes_back_for_ignored_data",
      "DATA among the ignored still spends credit, and the receiver gives it back."
    ) {
      let probe = try $0.connect()
      try probe.ask("Health.Check")
      let late = Value.binary([UInt8](repeating: 0, count: 10_000))
      for _ in 0 ..< 200 {
        let frame = Frame.data(1, late)
        let length = frame.encoded.count - 4
        try probe.wait(for: "CREDIT(0)") {
          probe.server.connectionCredit + probe.connectionCredit - probe.dataSent >= length
        }
        probe.send(frame)
      }
      try probe.wait(for: "CREDIT(0) for \(probe.dataSent) bytes") {
        probe.connectionCredit == probe.dataSent
      }
    },
    Case("large_unary", "A sender keeps to its credit, and the receiver gives it back.") {
      let options = try $0.options("Tokenize")
      let probe = try $0.connect()
      try probe.settle()
      let stream = probe.open("Tokenize", options, closes: false)
      // The size of gRPC's case.
      let text = Array(String(repeating: "the sun ", count: 271_828 / 8).utf8)
      try probe.pour(text, pieces: 16_000, on: stream)
      let answer = try probe.finished(stream).ended("ok")
      try require((answer.bill?.tokensIn ?? 0) > 1000, "the text has thousands of tokens")
      try probe.wait(for: "CREDIT(0) for \(probe.dataSent) bytes") {
        probe.connectionCredit == probe.dataSent
      }
    },
  ]
}
