import Wire

// §3.1: HELLO.

extension Case {
  private static func refused(_ name: String, _ hello: Value) -> Case {
    Case(name, "A limit is an unsigned integer in its range; anything else is malformed_frame.") {
      try $0.breaksAtOnce(framed([0, 0, hello]), as: "malformed_frame")
    }
  }

  private static func taken(_ name: String, _ rule: String, _ hello: Value) -> Case {
    Case(name, rule) {
      let probe = try $0.connectSilently()
      probe.write(framed([0, 0, hello]))
      try probe.lives()
    }
  }

  static let greeting: [Case] = [
    Case("the_server_greets_at_once", "Both sides send HELLO at once.") {
      let probe = try $0.connectSilently()
      try probe.wait(for: "HELLO of the server") { probe.hasGreeted }
      try require(probe.greeting?.versions.contains(1) == true, "version 1 is not in HELLO")
    },
    Case("an_early_client", "A client need not wait for the server's before it opens streams.") {
      let probe = try $0.connectSilently()
      probe.send(
        .hello(Hello()),
        Probe.opening(1, "Health.Check"),
        .halfClose(1)
      )
      try probe.finished(1).ended("ok")
    },
    Case(
      "limits_keep_to_their_minima",
      "A limit is an unsigned integer between its minimum and 2³¹−1."
    ) {
      let probe = try $0.connectSilently()
      try probe.wait(for: "HELLO of the server") { probe.hasGreeted }
      let limits = probe.server
      try require(limits.frameBytesMax >= 16_384, "frame_bytes_max \(limits.frameBytesMax)")
      try require(limits.depthMax >= 8, "depth_max \(limits.depthMax)")
      try require(limits.itemsMax >= 4096, "items_max \(limits.itemsMax)")
    },
    taken("hello_without_limits", "software and limits may be absent.", ["versions": [1]]),
    taken(
      "hello_with_several_versions",
      "The highest shared one is used.",
      ["versions": [7, 1, 2]]
    ),
    taken(
      "hello_with_any_idle_time",
      "idle_ms is any unsigned integer.",
      ["versions": [1], "limits": ["idle_ms": .uint(.max)]]
    ),
    taken(
      "hello_with_the_least_limits",
      "A limit is an unsigned integer between its minimum and 2³¹−1.",
      ["versions": [1], "limits": ["frame_bytes_max": 16384, "depth_max": 8, "items_max": 4096]]
    ),
    refused("hello_without_versions", ["software": "x"]),
    refused("hello_with_versions_as_text", ["versions": "1"]),
    refused("hello_with_a_negative_version", ["versions": [1, -1]]),
    refused("hello_with_software_as_bin", ["versions": [1], "software": .binary([1])]),
    refused("hello_with_limits_as_array", ["versions": [1], "limits": []]),
    refused("hello_with_a_limit_as_text", ["versions": [1], "limits": ["streams_max": "9"]]),
    refused("hello_with_a_negative_limit", ["versions": [1], "limits": ["pings_max": -1]]),
    refused(
      "hello_with_a_limit_too_high",
      ["versions": [1], "limits": ["stream_credit": .uint(1 << 31)]]
    ),
    refused("hello_with_short_frames", ["versions": [1], "limits": ["frame_bytes_max": 16383]]),
    refused("hello_with_depth_7", ["versions": [1], "limits": ["depth_max": 7]]),
    refused("hello_with_4095_items", ["versions": [1], "limits": ["items_max": 4095]]),
    Case("hello_timeout", "hello_timeout: no HELLO within hello_ms of connecting.", .slow) {
      let probe = try $0.connectSilently()
      guard probe.holds(within: try $0.slowly(), { probe.goAway != nil || probe.isEnded }) else {
        throw Skip("the server waits longer than we do")
      }
      try probe.failed("hello_timeout", last: 0)
    },
    Case(
      "idle_timeout",
      "idle_timeout: no stream open, none closed and no frame for idle_ms.",
      .slow
    ) {
      let patience = try $0.slowly()
      let idle = $0.server.limits.idle
      guard idle > .zero, idle < patience else { throw Skip("idle_ms is \(idle)") }
      let probe = try $0.connect()
      try probe.ask("Health.Check")
      guard probe.holds(within: patience, { probe.goAway != nil }) else {
        throw Failure("idle_timeout is owed after \(idle)")
      }
      try probe.failed("idle_timeout", last: 1)
    },
    Case("an_open_stream_is_not_idle", "idle_timeout: no stream open …", .slow) {
      let patience = try $0.slowly()
      let idle = $0.server.limits.idle
      guard idle > .zero, idle * 2 < patience else { throw Skip("idle_ms is \(idle)") }
      let probe = try $0.connect()
      let held = probe.open("Health.Check", closes: false)
      try probe.pass(idle * 2)
      probe.send(.halfClose(held))
      try probe.finished(held).ended("ok")
    },
  ]
}
