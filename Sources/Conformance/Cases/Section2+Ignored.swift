import Loop
import Wire

// §2: what is ignored silently, and what comes too often.

extension Case {
  private static func ignored(
    _ name: String,
    _ rule: String,
    _ frames: @escaping @Sendable (_ ended: StreamID, _ held: StreamID) -> [Frame]
  ) -> Case {
    Case(name, rule) { stage in
      try stage.ignores { ended, held in frames(ended, held).flatMap(\.encoded) }
    }
  }

  private static let crossed = "A frame for a stream that is already closed is ignored, silently."

  static let ignored: [Case] = [
    ignored("data_after_end", crossed) { ended, _ in [.data(ended, "late"), .data(ended, 1)] },
    ignored("half_close_after_end", crossed) { ended, _ in [.halfClose(ended)] },
    ignored("cancel_after_end", crossed) { ended, _ in [.cancel(ended)] },
    ignored("credit_after_end", crossed) { ended, _ in [.credit(ended, bytes: 1 << 30)] },
    ignored("a_pong_that_nobody_asked_for", "A PING(ack=true) that nobody asked for is ignored.") {
      _,
      _ in [.ping(ack: true, token: 5)]
    },
    Case("frames_for_a_skipped_id", "… so is one for an id that was skipped.") {
      let probe = try $0.connect()
      probe.send(Probe.opening(7, "Health.Check"), .halfClose(7))
      try probe.finished(7)
      for frame in [.data(3, "x"), .halfClose(4), .cancel(5), Frame.credit(6, bytes: 9)] {
        probe.write(frame.encoded)
      }
      try probe.lives()
    },
    Case("half_close_twice", "A second HALF_CLOSE is ignored.") {
      let probe = try $0.connect()
      let options = try $0.options("Generate", ["max_tokens": 2, "ignore_eos": true])
      let stream = probe.open("Generate", options, ["sun"])
      probe.write(Frame.halfClose(stream).encoded)
      try probe.finished(stream).ended("ok")
      try probe.lives()
    },
    Case("cancel_twice", "A second CANCEL is ignored.") {
      let probe = try $0.connect()
      let stream = probe.open("Health.Check", closes: false)
      probe.send(.cancel(stream), .cancel(stream), .halfClose(stream), .data(stream, "x"))
      try probe.finished(stream).ended("cancelled")
      try probe.lives()
    },
    Case("frames_after_an_error", "After a stream error nothing more is heard on that stream.") {
      let probe = try $0.connect()
      let stream = probe.open("Nonsense", [:], ["x"], closes: false)
      probe.send(.data(stream, 1), .credit(stream, bytes: 5), .cancel(stream), .halfClose(stream))
      try probe.finished(stream).ended("unknown_method")
      try probe.lives()
    },
  ]

  static let floods: [Case] = [
    Case("ping_flood", "ping_flood: more than ping_strikes_max strikes.") {
      let probe = try $0.connect()
      try probe.settle()
      let (most, strikes) = (probe.server.pingsMax, probe.server.pingStrikesMax)
      guard most + strikes <= 100_000 else { throw Skip("\(most) PINGs a second are allowed") }
      // Three times as many, so that a second may pass meanwhile.
      let tokens = (0 ... UInt64(3 * (most + strikes))).map { 1000 + $0 }
      probe.send(tokens.map { .ping(ack: false, token: $0) })
      try probe.failed("ping_flood", last: 0)
      let early = probe.pongs.filter { $0 < 1 << 30 }
      try require(early == tokens.prefix(early.count).map { $0 }, "PINGs are answered in order")
    },
    Case("ping_strikes_are_forgiven", "Strikes are forgiven whenever the receiver sends DATA.") {
      let probe = try $0.connect()
      _ = try probe.ask("Health.Check")
      let (most, strikes) = (probe.server.pingsMax, probe.server.pingStrikesMax)
      guard most + strikes <= 10_000 else { throw Skip("\(most) PINGs a second are allowed") }
      probe.send((0 ..< most + strikes).map { .ping(ack: false, token: UInt64($0)) })
      try probe.ask("Health.Check").ended("ok")
      probe.send((0 ..< strikes).map { .ping(ack: false, token: UInt64(100_000 + $0)) })
      try probe.ask("Health.Check").ended("ok")
    },
    Case("a_strike_is_not_answered", "One that comes after pings_max others is not answered.") {
      let probe = try $0.connect()
      try probe.ask("Health.Check")
      let most = probe.server.pingsMax
      guard most <= 10_000, probe.server.pingStrikesMax > 0 else { throw Skip("no strikes here") }
      let began = probe.loop.now
      probe.send((0 ... most).map { .ping(ack: false, token: 1 << 50 + UInt64($0)) })
      try probe.ask("Health.Check").ended("ok")
      guard probe.loop.now - began < .milliseconds(900) else { throw Skip("a second passed") }
      try require(probe.pongs.count == most, "\(most) pongs are owed, came \(probe.pongs.count)")
    },
    Case(
      "rapid_reset",
      "reset_flood: more than resets_max streams a second that the client cancelled."
    ) {
      let probe = try $0.connect()
      try probe.settle()
      let most = probe.server.resetsMax
      guard most <= 10_000 else { throw Skip("\(most) resets a second are allowed") }
      // Three times as many, so that a second may pass meanwhile.
      for _ in 0 ... 3 * most {
        probe.send(.cancel(probe.open("Health.Check", closes: false)))
      }
      try probe.failed("reset_flood", last: nil)
    },
    Case("rapid_refusals", "reset_flood: … or that §2 refused as they were opened.") {
      let probe = try $0.connect()
      try probe.settle()
      let most = probe.server.resetsMax
      guard most <= 10_000 else { throw Skip("\(most) resets a second are allowed") }
      for _ in 0 ... 3 * most { probe.open("Health.Check", ["effort": 2]) }
      try probe.failed("reset_flood", last: nil)
    },
    Case("cancelling_a_little_is_no_flood", "resets_max streams a second are allowed.") {
      let probe = try $0.connect()
      try probe.settle()
      for _ in 0 ..< min(50, probe.server.resetsMax / 2) {
        probe.send(.cancel(probe.open("Health.Check", closes: false)))
      }
      for stream in 1 ... probe.lastStream { try probe.finished(stream).ended("cancelled") }
      try probe.lives()
    },
    Case(
      "connection_credit_overrun",
      "connection_credit_overrun: DATA over the connection's credit."
    ) {
      let probe = try $0.connect()
      try probe.ask("Health.Check")
      let credit = probe.server.connectionCredit
      // DATA among the ignored spends credit too. Less than half may be held back, and the next is over what is left.
      let small = [UInt8](repeating: 0, count: credit / 2 - 5000)
      let large = [UInt8](repeating: 0, count: credit / 2 + 6000)
      guard large.count + 100 < probe.server.frameBytesMax else {
        throw Skip("no two frames can pass the window")
      }
      probe.send(.data(1, .binary(small)), .data(1, .binary(large)))
      let isOver = probe.holds(within: probe.patience) {
        probe.goAway != nil || probe.isEnded || probe.connectionCredit > small.count + large.count
      }
      if probe.goAway == nil, isOver || probe.connectionCredit > 0 {
        throw Skip("credit comes back too fast for an overrun")
      }
      try probe.failed("connection_credit_overrun", last: 1)
    },
    Case("slow_reader", "slow_reader: frames that are not DATA pile up unread.", .alone) {
      guard $0.settings.crowd >= 1000 else { throw Skip("needs a crowd of 1,000 calls") }
      let probe = try $0.connect()
      try probe.settle()
      // With fewer, what is sent at once is refused, and that is a flood of another kind.
      guard probe.server.streamsMax >= 1000, probe.server.resetsMax >= 1000 else {
        throw Skip("needs streams_max and resets_max of 1,000")
      }
      guard probe.server.controlBytesMax <= 4 << 20 else { throw Skip("unread bytes may be many") }
      probe.givesCredit = false
      probe.pause()
      // A call brings some 400 bytes of END and BILL, and the system's buffers hold megabytes.
      let count = (probe.server.controlBytesMax + 12 << 20) / 300
      for index in 0 ..< count where !probe.isEnded {
        probe.open("Unimplemented.Call")
        if index % 500 == 499 { try probe.pass(.milliseconds(1)) }
      }
      probe.resume()
      try probe.wait(for: "the end of a connection that nobody reads") { probe.isEnded }
      // What was said last may be lost on a client that is deaf for too long.
      let text = probe.goAway?.text ?? "slow_reader"
      try require(text.hasPrefix("slow_reader"), "slow_reader is owed, came \(text)")
    },
  ]
}
