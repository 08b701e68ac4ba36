import Wire

// §2: errors that end the connection.

extension Case {
  private static func id(_ name: String, _ rule: String, _ frame: Frame) -> Case {
    Case(name, rule) { try $0.breaks(frame.encoded, as: "stream_id") }
  }

  static let connectionErrors: [Case] = [
    Case("a_frame_of_no_bytes", "frame_too_large: N is 0.") {
      try $0.breaks([0, 0, 0, 0], as: "frame_too_large")
    },
    Case("a_frame_over_frame_bytes_max", "The length prefix is checked before the body has come.") {
      try $0.breaks(prefix($0.server.limits.frameBytesMax + 1), as: "frame_too_large")
    },
    Case(
      "a_frame_too_large_comes_first",
      "A receiver checks in this order: the length prefix, HELLO …"
    ) {
      try $0.breaksAtOnce([0xFF, 0xFF, 0xFF, 0xFF], as: "frame_too_large")
    },
    Case("kind_10_is_unknown", "unknown_kind: kind is not in the table.") {
      try $0.breaks(framed([10, 0]), as: "unknown_kind")
    },
    Case("an_unknown_kind_whatever_follows", "A known kind, whatever the rest looks like.") {
      try $0.breaks(framed([.uint(.max), "x", nil, [:]]), as: "unknown_kind")
    },
    Case("unknown_kind_comes_before_stream_id", "The first failure is the answer.") {
      try $0.breaks(framed([77]), as: "unknown_kind")
    },
    Case("the_first_frame_is_open", "hello_expected: the first frame is not HELLO.") {
      try $0.breaksAtOnce(Probe.opening(1, "Health.Check").encoded, as: "hello_expected")
    },
    Case("the_first_frame_is_ping", "hello_expected: the first frame is not HELLO.") {
      try $0.breaksAtOnce(Frame.ping(ack: false, token: 1).encoded, as: "hello_expected")
    },
    Case("a_second_hello", "hello_expected: … or a second HELLO.") {
      try $0.breaks(Frame.hello(Hello()).encoded, as: "hello_expected")
    },
    Case("malformed_comes_before_hello_expected", "The first failure is the answer.") {
      try $0.breaksAtOnce(framed([3]), as: "malformed_frame")
    },
    Case("no_shared_version", "version_unsupported: HELLO shares no version.") {
      try $0.breaksAtOnce(framed([0, 0, ["versions": [2, 3]]]), as: "version_unsupported")
    },
    Case("no_version_at_all", "version_unsupported: HELLO shares no version.") {
      try $0.breaksAtOnce(framed([0, 0, ["versions": []]]), as: "version_unsupported")
    },
    Case("a_server_takes_no_end", "wrong_direction: a server got END.") {
      try $0.breaks(Frame.end(1, End(.ok)).encoded, as: "wrong_direction")
    },
    Case("a_server_takes_no_bill", "wrong_direction: a server got BILL.") {
      try $0.breaks(framed([5, 1, [:]]), as: "wrong_direction")
    },
    id("open_of_stream_0", "A stream frame with 0.", Probe.opening(0, "Health.Check")),
    id("open_above_the_highest_id", "Above 2³¹−1.", Probe.opening(1 << 31, "Health.Check")),
    id("an_id_that_is_open", "Not above every earlier one.", Probe.opening(1, "Health.Check")),
    id(
      "data_for_a_stream_never_opened",
      "A frame for a stream that was never opened.",
      .data(9, "x")
    ),
    id(
      "half_close_of_a_stream_never_opened",
      "A frame for a stream that was never opened.",
      .halfClose(9)
    ),
    id(
      "cancel_of_a_stream_never_opened",
      "A frame for a stream that was never opened.",
      .cancel(9)
    ),
    id(
      "credit_for_a_stream_never_opened",
      "A frame for a stream that was never opened.",
      .credit(9, bytes: 1)
    ),
    id("data_for_stream_0", "A stream frame with 0.", .data(0, "x")),
    Case("an_id_that_has_ended", "The client's id is any integer above all earlier ones.") {
      let probe = try $0.connect()
      probe.send(Probe.opening(5, "Health.Check"), .halfClose(5))
      try probe.finished(5)
      probe.write(Probe.opening(5, "Health.Check").encoded)
      try probe.failed("stream_id", last: 5)
    },
    Case(
      "an_id_that_was_skipped_cannot_be_opened",
      "The client's id is any integer above all earlier ones."
    ) {
      let probe = try $0.connect()
      probe.send(Probe.opening(5, "Health.Check"), .halfClose(5))
      try probe.finished(5)
      probe.write(Probe.opening(3, "Health.Check").encoded)
      try probe.failed("stream_id", last: 5)
    },
    Case("ping_with_a_stream", "A connection frame with a stream other than 0.") {
      try $0.breaks(framed([8, 1, false, 7]), as: "stream_id")
    },
    Case("goaway_with_a_stream", "A connection frame with a stream other than 0.") {
      try $0.breaks(framed([9, 1, 0, 0, ""]), as: "stream_id")
    },
    Case("hello_with_a_stream", "Stream 0 is checked before HELLO once.") {
      try $0.breaks(framed([0, 1, ["versions": [1]]]), as: "stream_id")
    },
    Case("credit_of_nothing", "credit_overflow: CREDIT of 0.") {
      try $0.breaks(framed([7, 1, 0]), as: "credit_overflow")
    },
    Case("credit_over_the_widest_window", "credit_overflow: CREDIT above 2³¹−1.") {
      try $0.breaks(framed([7, 1, .uint(1 << 31)]), as: "credit_overflow")
    },
    Case(
      "credit_of_nothing_for_a_stream_never_opened",
      "For CREDIT, the amount; then the stream's id."
    ) {
      try $0.breaks(framed([7, 9, 0]), as: "credit_overflow")
    },
    Case(
      "credit_that_widens_a_stream_too_far",
      "credit_overflow: one that lifts a window above 2³¹−1."
    ) {
      try $0.breaks(framed([7, 1, .uint(1 << 31 - 1)]), as: "credit_overflow")
    },
    Case(
      "credit_that_widens_the_connection_too_far",
      "credit_overflow: one that lifts a window above 2³¹−1."
    ) {
      try $0.breaks(framed([7, 0, .uint(1 << 31 - 1)]), as: "credit_overflow")
    },
    Case("credit_of_nothing_for_a_closed_stream", "credit_overflow: even for a closed stream.") {
      let probe = try $0.connect()
      try probe.ask("Health.Check")
      probe.write(framed([7, 1, 0]))
      try probe.failed("credit_overflow", last: 1)
    },
    Case(
      "an_error_ends_every_open_stream",
      "The server ends every open stream with that status and its bill."
    ) {
      let probe = try $0.connect()
      for _ in 0 ..< 5 { probe.open("Health.Check", closes: false) }
      try probe.ask("Health.Check")
      probe.write(framed([10, 0]))
      try probe.failed("unknown_kind", last: 6)
      let late = probe.answers.filter { $0.value.endedAfterGoAway }.keys.sorted()
      for stream in 1 ... 5 { try probe.answers[stream]?.ended("unknown_kind") }
      try require(late == Array(1 ... 5), "streams 1 to 5 are owed unknown_kind, got it: \(late)")
    },
    Case(
      "an_error_ends_running_work",
      "The server ends every open stream with that status and its bill."
    ) {
      let options = try $0.options("Generate", ["max_tokens": 100_000, "ignore_eos": true])
      let probe = try $0.connect()
      let running = probe.open("Generate", options, ["sun"])
      try probe.messages(1, on: running)
      let isDone = probe.answers[running]?.end != nil
      probe.write(framed([10, 0]))
      try probe.failed("unknown_kind", last: running)
      if !isDone, probe.answers[running]?.endedAfterGoAway == true {
        let bill = probe.answers[running]?.bill
        try require((bill?.macsTotal ?? 0) > 0, "work that was done is on the bill (§4)")
      }
    },
  ]
}
