import Wire

// §4.1: options and metadata of OPEN.

extension Case {
  private static func wrong(_ option: String, _ name: String, _ value: Value) -> Case {
    Case("\(option)_\(name)", "An option of a wrong type is bad_option; the text names it.") {
      let options = Value.map([.init(option, value)])
      try $0.call("Health.Check", options, ends: "bad_option", naming: option)
    }
  }

  private static func right(_ option: String, _ name: String, _ value: Value) -> Case {
    Case("\(option)_\(name)", "Options have the types of the table.") {
      try $0.call("Health.Check", .map([.init(option, value)]), ends: "ok")
    }
  }

  private static let long = String(repeating: "m", count: 257)

  static let options: [Case] = [
    wrong("call", "of_15_bytes", .binary([UInt8](repeating: 1, count: 15))),
    wrong("call", "of_17_bytes", .binary([UInt8](repeating: 1, count: 17))),
    wrong("call", "as_text", "0123456789abcdef"),
    wrong("call", "nil", nil),
    wrong("deadline_ms", "as_text", "100"),
    wrong("deadline_ms", "negative", -1),
    wrong("deadline_ms", "as_float", 100.0),
    wrong("deadline_ms", "nil", nil),
    wrong("model", "as_bin", .binary([109])),
    wrong("model", "of_257_bytes", .string(long)),
    wrong("model", "nil", nil),
    wrong("effort", "above_1", 1.5),
    wrong("effort", "below_0", -0.25),
    wrong("effort", "nan", .double(.nan)),
    wrong("effort", "infinite", .double(.infinity)),
    wrong("effort", "as_text", "1"),
    wrong("effort", "nil", nil),
    wrong("macs_max", "negative", -1),
    wrong("macs_max", "as_text", "1"),
    wrong("macs_max", "nil", nil),
    wrong("cost_max", "as_float", 1.0),
    wrong("cost_max", "nil", nil),
    wrong("params", "as_array", []),
    wrong("params", "nil", nil),
    right("deadline_ms", "of_all_time", .uint(.max)),
    right("effort", "0", 0.0),
    right("macs_max", "of_64_bits", .uint(.max)),
    right("params", "empty", [:]),
    Case("budgets_are_on_the_bill", "macs_max, cost_max: as asked, on the bill.") {
      let options: Value = ["macs_max": 12345, "cost_max": .uint(.max), "effort": 0.5]
      let bill = try $0.call("Health.Check", options, ends: "ok").bill
      try require(bill?.macsMax == 12345, "macs_max is \(bill?.macsMax ?? 0)")
      try require(bill?.costMax == .max, "cost_max is \(bill?.costMax ?? 0)")
      try require(bill?.effortAsked == 0.5, "effort_asked is \(bill?.effortAsked ?? -1)")
    },
    Case("the_call_id_is_on_the_bill", "call: the call's id … always on the bill.") {
      let call = CallID()
      let answer = try $0.call("Health.Check", ["call": .binary(call.bytes)], ends: "ok")
      try require(
        answer.bill?.call == call,
        "the bill is for \(answer.bill?.call.description ?? "")"
      )
    },
    Case("the_server_makes_call_ids", "Made by the server if absent, and always on the bill.") {
      let probe = try $0.connect()
      let ids = try (0 ..< 3).map { _ in try probe.ask("Health.Check").bill?.call.bytes ?? [] }
      try require(Set(ids).count == 3, "three calls have three ids")
      try require(ids.allSatisfy { $0.contains { $0 != 0 } }, "an id is all zero")
    },
    Case(
      "metadata_comes_before_options",
      "For OPEN: … metadata_too_large, unknown_method, bad_option."
    ) {
      let many = metadata($0.server.limits.metadataCountMax + 1)
      try $0.call("", ["effort": 7], metadata: many, ends: "metadata_too_large")
    },
    Case("a_method_without_name_comes_before_options", "For OPEN: … unknown_method, bad_option.") {
      try $0.call("", ["effort": 7], ends: "unknown_method")
    },
  ]

  /// A map of so many entries.
  private static func metadata(_ count: Int) -> Value {
    .map((0 ..< count).map { .init("k\($0)", "v") })
  }

  private static func badMetadata(_ name: String, _ metadata: Value) -> Case {
    Case("metadata_\(name)", "Keys match [a-z0-9_.-]{1,64}; other keys and values are bad_option.")
    {
      try $0.call("Health.Check", metadata: metadata, ends: "bad_option")
    }
  }

  static let metadata: [Case] = [
    badMetadata("with_capitals", ["Key": "v"]),
    badMetadata("with_an_empty_key", ["": "v"]),
    badMetadata("with_a_space", ["a key": "v"]),
    badMetadata("with_other_letters", ["schl\u{FC}ssel": "v"]),
    badMetadata("with_a_key_of_65_bytes", .map([.init(String(repeating: "k", count: 65), "v")])),
    badMetadata("with_an_integer", ["k": 1]),
    badMetadata("with_nil", ["k": nil]),
    badMetadata("with_an_array", ["k": ["v"]]),
    Case("metadata_with_a_key_of_64_bytes", "Keys match [a-z0-9_.-]{1,64}.") {
      let key = String(repeating: "k", count: 61) + "_.-"
      try $0.call("Health.Check", metadata: .map([.init(key, "v")]), ends: "ok")
    },
    Case(
      "metadata_of_metadata_count_max",
      "metadata_count_max: entries of one metadata map of OPEN."
    ) {
      try $0.call("Health.Check", metadata: metadata($0.server.limits.metadataCountMax), ends: "ok")
    },
    Case("metadata_of_too_many_entries", "metadata_too_large: metadata over its limit.") {
      let many = metadata($0.server.limits.metadataCountMax + 1)
      try $0.call("Health.Check", metadata: many, ends: "metadata_too_large")
    },
    Case(
      "metadata_of_metadata_bytes_max",
      "metadata_bytes_max: bytes of one metadata map, as it was sent."
    ) {
      // The map, a key of one letter, and the head of a long bin.
      let size = $0.server.limits.metadataBytesMax - 1 - 2 - 3
      guard size > 255, size < 65_536 else { throw Skip("metadata_bytes_max is \(size + 6)") }
      let value = Value.binary([UInt8](repeating: 1, count: size))
      try $0.call("Health.Check", metadata: ["k": value], ends: "ok")
    },
    Case("metadata_of_too_many_bytes", "metadata_too_large: metadata over its limit.") {
      let size = $0.server.limits.metadataBytesMax - 1 - 2 - 3 + 1
      guard size > 256, size < 65_536 else { throw Skip("metadata_bytes_max is \(size + 5)") }
      let value = Value.binary([UInt8](repeating: 1, count: size))
      try $0.call("Health.Check", metadata: ["k": value], ends: "metadata_too_large")
    },
  ]
}
