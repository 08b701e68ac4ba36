import Wire

// §1: every frame has the length and the types of the table.

extension Case {
  private static func malformed(_ name: String, _ value: Value) -> Case {
    Case(name, "The array has exactly the length in the table, and every element its type.") {
      try $0.breaks(framed(value), as: "malformed_frame")
    }
  }

  static let shapes: [Case] = [
    malformed("not_an_array", ["kind": 3]),
    malformed("an_empty_array", []),
    malformed("a_kind_that_is_no_integer", ["OPEN", 2]),
    malformed("a_negative_kind", [-1, 1]),
    malformed("a_negative_stream", [3, -1]),
    malformed("a_stream_that_is_a_float", [3, 1.0]),
    malformed("hello_too_long", [0, 0, ["versions": [1]], nil]),
    malformed("hello_without_map", [0, 0, [1]]),
    malformed("open_too_short", [1, 2, "Health.Check", [:]]),
    malformed("open_too_long", [1, 2, "Health.Check", [:], [:], nil]),
    malformed("open_with_method_as_bin", [1, 2, .binary([72]), [:], [:]]),
    malformed("open_with_options_as_array", [1, 2, "Health.Check", [], [:]]),
    malformed("open_with_metadata_nil", [1, 2, "Health.Check", [:], nil]),
    malformed("data_without_message", [2, 1]),
    malformed("data_with_two_messages", [2, 1, "a", "b"]),
    malformed("half_close_too_long", [3, 1, nil]),
    malformed("cancel_too_long", [6, 1, nil]),
    malformed("credit_without_bytes", [7, 1]),
    malformed("credit_of_a_negative_number", [7, 1, -1]),
    malformed("credit_of_a_float", [7, 1, 1.0]),
    malformed("ping_too_short", [8, 0, false]),
    malformed("ping_with_ack_as_integer", [8, 0, 0, 7]),
    malformed("ping_with_a_negative_token", [8, 0, false, -7]),
    malformed("goaway_too_short", [9, 0, 1, 0]),
    malformed("goaway_with_status_as_text", [9, 0, 1, "OK", ""]),
    malformed("goaway_with_text_as_bin", [9, 0, 1, 0, .binary([])]),
    malformed("end_with_bad_metadata", [4, 1, 0, "ok", "", ["K": "v"]]),
    malformed("bill_with_a_wrong_type", [5, 1, ["tokens_in": "1"]]),
    Case("bytes_left_over", "N bytes are exactly one MessagePack array.") {
      try $0.breaks(framed(body: [0x92, 3, 1, 0xC0]), as: "malformed_frame")
    },
    Case("a_value_cut_short", "N bytes are exactly one MessagePack array.") {
      try $0.breaks(framed(body: [0x93, 2, 1, 0xA5, 0x61]), as: "malformed_frame")
    },
    Case("the_byte_that_messagepack_never_uses", "N bytes are exactly one MessagePack array.") {
      try $0.breaks(framed(2, 1, count: 3, [0xC1]), as: "malformed_frame")
    },
  ]
}
