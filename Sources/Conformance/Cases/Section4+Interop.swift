import Wire

// §4: the shapes of calls, under the names that gRPC's interop suite gives them.

extension Case {
  private static let once =
    "Exactly one END and then exactly one BILL for every OPEN that could be parsed."

  static let interop: [Case] = [
    Case("empty_unary", once) {
      let answer = try $0.connect().ask("Health.Check").ended("ok")
      _ = try answer.only()
    },
    Case("empty_stream", once) {
      let options = try $0.options("Tokenize", ["special": false])
      let answer = try $0.connect().ask("Tokenize", options).ended("ok")
      try require(answer.messages.isEmpty, "no text has no tokens")
    },
    Case("empty_prompt", once) {
      let options = try $0.options("Generate")
      let answer = try $0.connect().ask("Generate", options)
      try require(
        answer.messages.isEmpty || answer.detail == "ok",
        "messages, then \(answer.detail)"
      )
    },
    Case("client_streaming", "client: OPEN DATA* HALF_CLOSE") {
      let words = Array(repeating: Value.string("sun "), count: 20)
      _ = try $0.succeed("Embed", [:], words).only()
    },
    Case("server_streaming", "server: DATA* END BILL") {
      let answer = try $0.succeed("Generate", ["max_tokens": 20, "ignore_eos": true], ["sun"])
      try require(answer.messages.count == 20, "20 tokens are owed, came \(answer.messages.count)")
    },
    Case("ping_pong", "Messages go both ways while both sides are open.") {
      let probe = try $0.connect()
      let stream = probe.open(
        "Predict",
        try $0.options("Predict", ["max_tokens": 64]),
        closes: false
      )
      for count in 1 ... 8 {
        probe.send(.data(stream, [1]))
        try probe.messages(count, on: stream)
      }
      probe.send(.halfClose(stream))
      let answer = try probe.finished(stream).ended("ok")
      try require(answer.messages.count == 8, "8 predictions are owed")
    },
    Case("half_duplex", "The client sends all, then the server answers.") {
      let tokens = Array(repeating: Value.array([1]), count: 8)
      let answer = try $0.succeed("Predict", ["max_tokens": 64], tokens)
      try require(answer.messages.count == 8, "8 predictions are owed")
    },
    Case("end_before_half_close", "The END may come before the client's HALF_CLOSE.") {
      let probe = try $0.connect()
      try probe.finished(probe.open("Nonsense", closes: false)).ended("unknown_method")
      try probe.lives()
    },
    Case("cancel_after_begin", "After CANCEL the server sends END(1, cancelled) and BILL.") {
      let probe = try $0.connect()
      let stream = probe.open("Generate", try $0.options("Generate"), closes: false)
      probe.send(.cancel(stream))
      let answer = try probe.finished(stream).ended("cancelled")
      try require(answer.bill?.macsTotal == 0, "nothing was sent, so nothing was done")
      try probe.lives()
    },
    Case("cancel_after_first_response", "Work that was already done is on the bill.") {
      let probe = try $0.connect()
      let options = try $0.options("Predict", ["max_tokens": 64])
      let stream = probe.open("Predict", options, [[1, 1]], closes: false)
      try probe.messages(1, on: stream)
      probe.send(.cancel(stream))
      let answer = try probe.finished(stream).ended("cancelled")
      try require((answer.bill?.macsTotal ?? 0) > 0, "work that was done is on the bill")
      try require((answer.bill?.tokensOut ?? 0) > 0, "a prediction was made")
    },
    Case("cancel_of_one_leaves_others_alone", "CANCEL may come at any time after OPEN.") {
      let probe = try $0.connect()
      let options = try $0.options("Predict", ["max_tokens": 64])
      let other = probe.open("Predict", options, [[1]], closes: false)
      let stream = probe.open("Predict", options, [[1]], closes: false)
      probe.send(.cancel(stream))
      try probe.finished(stream).ended("cancelled")
      probe.send(.data(other, [1]), .halfClose(other))
      try require(try probe.finished(other).ended("ok").messages.count == 2, "two are owed")
    },
    Case("cancel_in_the_same_write_as_open", "CANCEL may come at any time after OPEN.") {
      let probe = try $0.connect()
      let open = Probe.opening(1, "Tokenize", try $0.options("Tokenize"))
      probe.send(open, .cancel(1))
      try probe.finished(1).ended("cancelled")
    },
    Case("timeout_on_sleeping_server", "deadline: the deadline passed.") {
      let probe = try $0.connect()
      // It waits for a prompt that never comes.
      let options = try $0.options("Generate", [:], ["deadline_ms": 50])
      try probe.finished(probe.open("Generate", options, closes: false)).ended("deadline")
      try probe.lives()
    },
    Case("deadline_of_a_call_without_model", "deadline: the deadline passed.") {
      let probe = try $0.connect()
      let stream = probe.open("Health.Check", ["deadline_ms": 50], closes: false)
      try probe.finished(stream).ended("deadline")
    },
    Case("deadline_in_flight", "Work that was already done is on the bill.") {
      let probe = try $0.connect()
      let options = try $0.options("Predict", ["max_tokens": 64], ["deadline_ms": 300])
      let stream = probe.open("Predict", options, [[1]], closes: false)
      let answer = try probe.finished(stream).ended("deadline")
      try require(
        answer.messages.isEmpty || (answer.bill?.macsTotal ?? 0) > 0,
        "work that was done is on the bill"
      )
    },
    Case("deadline_of_0", "0 has already passed.") {
      let options = try $0.options("Generate", [:], ["deadline_ms": 0])
      let answer = try $0.call("Generate", options, ["x"], ends: "deadline")
      try require(answer.bill?.macsTotal == 0, "no work can have been done")
      try $0.call("Health.Check", ["deadline_ms": 0], ends: "deadline")
    },
    Case("status_code_and_message", "END carries a status, a detail and a text.") {
      let answer = try $0.call("Models.Describe", ["model": "nobody"], ends: "unknown_model")
      try require(answer.end?.status == .notFound, "5 is owed")
      try require(answer.end?.text.isEmpty == false, "the text says why")
    },
    Case("special_status_message", "Strings are UTF-8.") {
      let name = "\t\nwith whitespace\r\nand \u{263A} and \u{1F608}\t\n"
      let answer = try $0.call("Models.Describe", ["model": .string(name)], ends: "unknown_model")
      try require(answer.end?.text.contains("\u{1F608}") == true, "the text is to keep its letters")
    },
    Case("custom_metadata", "Metadata maps strings to strings or bins.") {
      let metadata: Value = ["x-trace": "a b\n", "x-bin": .binary([0, 255]), "mete-later": "?"]
      try $0.call("Health.Check", metadata: metadata, ends: "ok")
    },
    Case("many_streams_at_once", "Many calls share one connection.") {
      let options = try $0.options("Predict", ["max_tokens": 8])
      let probe = try $0.connect()
      try probe.settle()
      let count = min(50, probe.server.streamsMax)
      for _ in 0 ..< count { probe.open("Predict", options, [[1, 1, 1]]) }
      for stream in 1 ... count {
        try require(try probe.finished(stream).ended("ok").messages.count == 3, "three are owed")
      }
    },
    Case("1000_parallel_large_calls", "Many calls share one connection.", .alone) {
      try $0.crowd()
    },
  ]
}

extension Stage {
  /// Very many large calls over ten connections; what finds the queue full is made again.
  fileprivate func crowd() throws {
    let options = try options("Tokenize")
    let text = Value.string(String(repeating: "the sun ", count: 1500))
    let probes = try (0 ..< 10).map { _ in try connect() }
    for probe in probes { try probe.settle() }
    var left = settings.crowd
    var open: [(probe: Probe, stream: StreamID)] = []
    var refused = 0
    while left > 0 || !open.isEmpty {
      for probe in probes {
        let own = open.count { $0.probe === probe }
        let room = min(probe.server.streamsMax, probe.server.connectionCredit / 24_000, 80)
        for _ in 0 ..< max(0, min(left, room - own)) {
          guard probe.sendable(probe.lastStream + 1) > 13_000 else { break }
          open.append((probe, probe.open("Tokenize", options, [text])))
          left -= 1
        }
      }
      if open.isEmpty {
        try probes[0].pass(.milliseconds(5))
        continue
      }
      let (probe, stream) = open.removeFirst()
      let answer = try probe.finished(stream)
      if answer.detail == "queue_full", refused < 100 * settings.crowd {
        refused += 1
        left += 1
        continue
      }
      try answer.ended("ok")
      try require((answer.bill?.tokensIn ?? 0) >= 1500, "the text has more tokens")
      probe.answers[stream]?.messages = []
    }
  }
}
