import Wire

// §1: lengths, MessagePack, and what it may hold.

extension Case {
  static let framing: [Case] = [
    Case("a_frame_byte_by_byte", "A frame is a 4-byte length, then N bytes, however they come.") {
      let probe = try $0.connectSilently()
      for frame in [.hello(Hello()), Probe.opening(1, "Health.Check"), .halfClose(1)] {
        probe.count(frame)
        for byte in frame.encoded {
          probe.write([byte])
          try probe.pass(.zero)
        }
      }
      try probe.finished(1).ended("ok")
    },
    Case("many_frames_at_once", "A frame is a 4-byte length, then N bytes, however they come.") {
      let probe = try $0.connect()
      for _ in 0 ..< 50 { probe.open("Health.Check") }
      for stream in 1 ... 50 { try probe.finished(stream).ended("ok") }
    },
    Case("a_frame_of_frame_bytes_max", "N lies in 1 … frame_bytes_max.") {
      let probe = try $0.connect()
      try probe.settle()
      // N but for the pad, whose length then takes five bytes.
      let options: Value = ["pad": .binary([])]
      let rest = Probe.opening(1, "Health.Check", options).encoded.count - 4 - 2 + 5
      let pad = [UInt8](repeating: 0, count: probe.server.frameBytesMax - rest)
      let answer = try probe.ask("Health.Check", ["pad": .binary(pad)]).ended("ok")
      try require(answer.bytesIn > probe.server.frameBytesMax, "the frame was not full")
    },
    Case("an_integer_in_any_width", "An integer may be sent in any width that holds it.") {
      let probe = try $0.connect()
      try probe.settle()
      probe.expect(pong: 7)
      probe.write(framed(body: [0x94, 0xCC, 8, 0xCD, 0, 0, 0xC2, 0xCF, 0, 0, 0, 0, 0, 0, 0, 7]))
      try probe.wait(for: "PING in wide integers") { probe.pongs.contains(7) }
    },
    Case("an_integer_in_a_signed_width", "One that is not negative may be sent in a signed width.")
    {
      let probe = try $0.connect()
      try probe.settle()
      probe.expect(pong: 7)
      probe.write(framed(body: [0x94, 0xD0, 8, 0xD1, 0, 0, 0xC2, 0xD3, 0, 0, 0, 0, 0, 0, 0, 7]))
      try probe.wait(for: "PING in signed integers") { probe.pongs.contains(7) }
    },
    Case("a_float_field_takes_an_integer", "A float field also takes an integer.") {
      let answer = try $0.call("Health.Check", ["effort": 1], ends: "ok")
      try require(
        answer.bill?.effortAsked == 1,
        "effort_asked is \(answer.bill?.effortAsked ?? -1)"
      )
    },
    Case("a_float_of_32_bits", "Floats may be 32 bits wide.") {
      try $0.call("Health.Check", ["effort": .float(0.5)], ends: "ok")
    },
    Case("unknown_options_are_ignored", "Unknown keys in options are ignored.") {
      try $0.call("Health.Check", ["colour": ["a": [1, nil]], "": 1], ends: "ok")
    },
    Case("unknown_keys_in_hello_are_ignored", "Unknown keys in HELLO are ignored.") {
      let probe = try $0.connectSilently()
      let hello: Value = ["versions": [1], "hat": [1], "limits": ["later_max": "x"]]
      probe.write(framed([0, 0, hello]))
      try probe.lives()
    },
    Case(
      "keys_are_compared_by_bytes",
      "Keys are the same if their bytes are: nothing is normalized."
    ) {
      try $0.call("Health.Check", ["caf\u{E9}": 1, "cafe\u{301}": 2], ends: "ok")
    },
    Case(
      "depth_8_is_taken",
      "Nesting is at most depth_max = 8 containers, the frame's own being the first."
    ) {
      // The frame, the options, and six arrays.
      try $0.call("Health.Check", ["x": [[[[[[]]]]]]], ends: "ok")
    },
    Case("depth_9_is_malformed", "Nesting is at most depth_max = 8 containers.") {
      let frame = Probe.opening(2, "Health.Check", ["x": [[[[[[[]]]]]]]])
      try $0.breaks(frame.encoded, as: "malformed_frame")
    },
    Case(
      "items_max_is_taken",
      "A frame holds at most items_max items; array, container, key and value are each one."
    ) {
      // Frame, kind, stream, method, options, key, array and metadata are eight.
      let filler = [Value](repeating: nil, count: $0.server.limits.itemsMax - 8)
      try $0.call("Health.Check", ["x": .array(filler)], ends: "ok")
    },
    Case("more_than_items_max_is_malformed", "A frame holds at most items_max items.") {
      let filler = [Value](repeating: nil, count: $0.server.limits.itemsMax - 7)
      let frame = Probe.opening(2, "Health.Check", ["x": .array(filler)])
      try $0.breaks(frame.encoded, as: "malformed_frame")
    },
    Case("an_array_that_claims_too_much", "A container claims no more items than bytes are left.") {
      try $0.breaks(framed(2, 1, count: 3, [0xDD, 0xFF, 0xFF, 0xFF, 0xFF]), as: "malformed_frame")
    },
    Case("a_map_that_claims_too_much", "A map of n entries claims 2n.") {
      try $0.breaks(framed(2, 1, count: 3, [0x82, 0xA0, 0xC0, 0xA0]), as: "malformed_frame")
    },
    Case(
      "a_string_that_is_not_utf8",
      "Strings are UTF-8; one that is not is an error wherever it stands."
    ) {
      try $0.breaks(framed(2, 1, count: 3, [0xA2, 0xC3, 0x28]), as: "malformed_frame")
    },
    Case("a_key_that_is_not_utf8", "A string that is not UTF-8 is an error wherever it stands.") {
      let open = packed("Health.Check") + [0x81, 0xA1, 0xFF, 0xC0, 0x80]
      try $0.breaks(framed(1, 2, count: 5, open), as: "malformed_frame")
    },
    Case("a_surrogate_is_not_utf8", "Strings are UTF-8.") {
      try $0.breaks(framed(2, 1, count: 3, [0xA3, 0xED, 0xA0, 0x80]), as: "malformed_frame")
    },
    Case("a_key_that_is_no_string", "Map keys are strings.") {
      try $0.breaks(framed(2, 1, count: 3, [0x81, 0x01, 0xC0]), as: "malformed_frame")
    },
    Case("a_repeated_key", "No key appears twice.") {
      let frame = Probe.opening(2, "Health.Check", .map([.init("a", 1), .init("a", 1)]))
      try $0.breaks(frame.encoded, as: "malformed_frame")
    },
    Case("a_repeated_key_deep_inside", "No key appears twice.") {
      let twice = Value.map([.init("a", 1), .init("b", 1), .init("a", 2)])
      try $0.breaks(
        Probe.opening(2, "X", ["params": ["p": [twice]]]).encoded,
        as: "malformed_frame"
      )
    },
    Case("an_extension_type", "MessagePack extension types are not used.") {
      try $0.breaks(framed(2, 1, count: 3, [0xD4, 0x01, 0x00]), as: "malformed_frame")
    },
    Case("a_float_that_is_nan", "Floats in messages may be NaN or infinite.") {
      let message: Value = [.double(.nan), .double(.infinity), .float(.nan)]
      try $0.call("Health.Check", [:], [message], ends: "bad_message")
    },
  ]
}
