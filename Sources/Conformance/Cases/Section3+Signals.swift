import Wire

// §3.3: PING and GOAWAY.

extension Case {
  static let signals: [Case] = [
    Case("ping_is_answered", "PING(ack=false, token) is answered by PING(ack=true, token).") {
      let probe = try $0.connect()
      for token in [0, 1, 255, 65_536] as [UInt64] {
        probe.send(.ping(ack: false, token: token))
        try probe.wait(for: "PING(ack=true, \(token))") { probe.pongs.last == token }
      }
    },
    Case("ping_with_the_largest_token", "The same unsigned 64-bit token.") {
      let probe = try $0.connect()
      for token in [UInt64(1) << 63, .max] {
        probe.send(.ping(ack: false, token: token))
        try probe.wait(for: "PING(ack=true, \(token))") { probe.pongs.last == token }
      }
    },
    Case("pings_are_answered_in_order", "Answered … before any frame queued later.") {
      let probe = try $0.connect()
      try probe.settle()
      let tokens = (0 ..< UInt64(min(5, probe.server.pingsMax - 1))).map { 50 - $0 }
      probe.send(tokens.map { .ping(ack: false, token: $0) })
      try probe.wait(for: "\(tokens.count) answers") { probe.pongs.count > tokens.count }
      try require(Array(probe.pongs.dropFirst()) == tokens, "came \(probe.pongs.dropFirst())")
    },
    Case("ping_comes_before_what_is_asked_later", "Answered … before any frame queued later.") {
      let probe = try $0.connect()
      probe.send(
        .ping(ack: false, token: 77),
        Probe.opening(1, "Models.List"),
        .halfClose(1)
      )
      try probe.finished(1).ended("ok")
      let pong = probe.arrivals.firstIndex(of: .ping(ack: true, token: 77))
      let first = probe.arrivals.firstIndex { $0.stream == 1 }
      try require(pong != nil, "PING(ack=true, 77) is owed before the answer")
      try require((pong ?? 0) < (first ?? 0), "PING was answered after a frame queued later")
    },
    Case("ping_while_work_runs", "PING is answered, whatever else goes on.") {
      let options = try $0.options("Generate", ["max_tokens": 12, "ignore_eos": true])
      let probe = try $0.connect()
      let stream = probe.open("Generate", options, ["sun"])
      try probe.settle()
      try probe.finished(stream).ended("ok")
    },
    Case("goaway", "A client's GOAWAY says that it will open no more.") {
      let options = try $0.options("Generate", ["max_tokens": 5, "ignore_eos": true])
      let probe = try $0.connect()
      let stream = probe.open("Generate", options, ["sun"], closes: false)
      probe.send(.goAway(lastStream: 0, .ok, text: "done"), .halfClose(stream))
      let answer = try probe.finished(stream).ended("ok")
      try require(answer.bill?.tokensOut == 5, "what is open runs to its end")
    },
    Case(
      "keepalive_timeout",
      "A server may ask, too, and ends the connection if no frame comes.",
      .slow
    ) {
      let patience = try $0.slowly()
      let probe = try $0.connect()
      probe.answersPings = false
      let held = probe.open("Health.Check", closes: false)
      guard probe.holds(within: patience, { !probe.asked.isEmpty }) else {
        throw Skip("the server did not ask within \(patience)")
      }
      guard probe.holds(within: patience, { probe.goAway != nil }) else {
        throw Skip("the server waits longer than \(patience)")
      }
      try probe.failed("keepalive_timeout", last: held)
    },
    Case("keepalive_is_content_with_any_frame", "Any frame will do.", .slow) {
      let patience = try $0.slowly()
      let probe = try $0.connect()
      probe.answersPings = false
      let held = probe.open("Health.Check", closes: false)
      guard probe.holds(within: patience, { !probe.asked.isEmpty }) else {
        throw Skip("the server did not ask within \(patience)")
      }
      probe.send(.halfClose(held))
      try probe.finished(held).ended("ok")
    },
  ]

  static let farewells: [Case] = [
    Case(
      "a_connection_of_age_goes_away",
      "A server may send the same GOAWAY on a connection that has reached its age.",
      .slow
    ) {
      let patience = try $0.slowly()
      let probe = try $0.connect()
      let watch = probe.open("Health.Watch")
      let held = probe.open("Health.Check", closes: false)
      guard probe.holds(within: patience, { probe.goAway != nil }) else {
        throw Skip("the connection did not age within \(patience)")
      }
      let text = probe.goAway?.text ?? ""
      try require(text.hasPrefix("draining:"), "GOAWAY draining is owed, came \(text)")
      try require(probe.goAway?.last == held, "last_stream \(held) is owed")
      try probe.finished(watch).ended("draining")
      // The connection stays while a stream is open, and takes no new one.
      try probe.ask("Health.Check").ended("draining")
      probe.send(.halfClose(held))
      try probe.finished(held).ended("ok")
      try require(probe.holds(within: patience) { probe.isEnded }, "then the server closes")
    },
    Case("a_drain", "A server that drains sends GOAWAY; streams up to last_stream run on.", .alone)
    {
      guard let drain = $0.settings.drain else {
        throw Skip("nobody here can make the server drain")
      }
      let probe = try $0.connect()
      let watch = probe.open("Health.Watch")
      let held = probe.open("Health.Check", closes: false)
      try probe.messages(1, on: watch)
      drain()
      try probe.wait(for: "GOAWAY") { probe.goAway != nil }
      let goAway = probe.goAway
      try require(goAway?.text.hasPrefix("draining:") == true, "came \(goAway?.text ?? "")")
      try require(goAway?.last == held && goAway?.status == 14, "GOAWAY(\(held), 14) is owed")
      let states = try probe.finished(watch).ended("draining").messages.map { $0["status"] }
      try require(states.last == "NOT_SERVING", "a watch is told NOT_SERVING first")
      let refused = try probe.ask("Health.Check").ended("draining")
      try require(refused.bill?.macsTotal == 0, "what is refused has done no work")
      probe.send(.halfClose(held))
      let answer = try probe.finished(held).ended("ok")
      try require(answer.messages.first?["status"] == "NOT_SERVING", "NOT_SERVING is owed")
      try require(probe.holds(within: probe.patience) { probe.isEnded }, "then the server closes")
    },
  ]
}
