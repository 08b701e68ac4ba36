import Testing
import Wire

struct LimitsTests {
  @Test func whatIsSaidIsRead() throws {
    var limits = Limits()
    limits.streamsMax = 7
    limits.idle = .milliseconds(1234)
    #expect(try Limits(reading: limits.value.asMap ?? []) == limits)
  }

  @Test(
    arguments: [
      ("frame_bytes_max", 16_383), ("depth_max", 7), ("items_max", 4_095), ("streams_max", -1),
      ("stream_credit", 2_147_483_648), ("pings_max", "x"), ("idle_ms", -1),
    ] as [(String, Value)]
  )
  func aLimitOutsideItsRangeIsRefused(key: String, value: Value) {
    #expect(throws: WireError.self) { try Limits(reading: [Value.Entry(key, value)]) }
  }
}
