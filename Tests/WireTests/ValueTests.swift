import Support
import Testing
import Wire

struct ValueTests {
  @Test(arguments: 0 ..< 300)
  func whatIsWrittenIsRead(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let value = Value.random(depth: 6, using: &generator)
    #expect(try Value(decoding: value.encoded) == value)
  }

  @Test func formsAreTheShortest() {
    #expect(Value(127).encoded == hex("7f"))
    #expect(Value(128).encoded == hex("cc80"))
    #expect(Value(65536).encoded == hex("ce00010000"))
    #expect(Value.uint(.max).encoded == hex("cfffffffffffffffff"))
    #expect(Value(-32).encoded == hex("e0"))
    #expect(Value(-33).encoded == hex("d0df"))
    #expect(Value(Int64.min).encoded == hex("d38000000000000000"))
    #expect(Value.string(String(repeating: "x", count: 32)).encoded.prefix(2) == hex("d920")[...])
    #expect(Value.binary([]).encoded == hex("c400"))
    #expect(Value.int(5).encoded == hex("05"))
    #expect(Value.float(0.5).encoded == hex("ca3f000000"))
    #expect(Value.double(0.5).encoded == hex("cb3fe0000000000000"))
    #expect(Value.array([nil, true, false]).encoded == hex("93c0c3c2"))
  }

  @Test(arguments: ["00", "cc00", "cd0000", "ce00000000", "cf0000000000000000", "d000", "d10000"])
  func widthsAreInvisible(digits: String) throws {
    #expect(try Value(decoding: hex(digits)) == 0)
  }

  @Test func equalityIsThatOfTheWire() {
    #expect(Value.double(.nan) == .double(.nan))
    #expect(Value.double(0) != .double(-0.0))
    #expect(Value.int(5) == .uint(5))
    #expect(Value.string("\u{e9}") != .string("e\u{301}"))
    #expect(Value.float(1) != .double(1))
    #expect(Value.nil != false)
  }

  @Test func accessorsConvertOnlyWhatFits() {
    #expect(Value(-1).asUInt == nil)
    #expect(Value(-1).asInt == -1)
    #expect(Value.uint(.max).asInt == nil)
    #expect(Value(3).asDouble == 3)
    #expect(Value.string("3").asDouble == nil)
    #expect((["a": 1, "b": "x"] as Value)["b"]?.asString == "x")
    #expect((["a": 1] as Value)["b"] == nil)
  }

  @Test(arguments: [
    ("nothing", ""), ("an empty array claimed long", "dd1fffffff"),
    ("a map claimed long", "df1fffffff"), ("a map that counts double", "82a161c0"),
    ("a string cut short", "a361"), ("a binary cut short", "c60000ffff00"),
    ("bytes left over", "c0c0"), ("a byte that means nothing", "c1"),
    ("fixext", "d40100"), ("ext 8", "c70100ff"), ("a timestamp", "d6ff00000000"),
    ("a string that is not UTF-8", "a1ff"), ("a surrogate", "a3eda080"),
    ("an overlong slash", "a2c0af"), ("a key that is an integer", "8101c0"),
    ("a key that is a binary", "81c40161c0"), ("a key that is not UTF-8", "81a1ffc0"),
    ("a repeated key", "82a161c0a161c0"),
    ("a repeated key in two widths", "82a161c0d90161c0"),
    ("an integer cut short", "cf00000000"),
  ])
  func whatIsNotAValueIsRefused(name: String, digits: String) {
    let error = #expect(throws: WireError.self) { try Value(decoding: hex(digits)) }
    #expect(error?.detail == .malformedFrame, "\(name)")
  }

  @Test func repeatedKeysAreFoundInLargeMaps() throws {
    var entries = (0 ..< 2000).map { Value.Entry("key\($0)", nil) }
    #expect(try Value(decoding: Value.map(entries).encoded) == .map(entries))
    entries[1999].key = "key7"
    #expect(throws: WireError.self) { try Value(decoding: Value.map(entries).encoded) }
  }

  @Test func keysThatLookAlikeAreTwoKeys() throws {
    let value: Value = ["\u{e9}": 1, "e\u{301}": 2]
    #expect(try Value(decoding: value.encoded) == value)
  }

  @Test func depthHasALimit() throws {
    func nested(_ depth: Int) -> [UInt8] { Array(repeating: 0x91, count: depth - 1) + [0x90] }
    _ = try Value(decoding: nested(8))
    #expect(throws: WireError.self) { try Value(decoding: nested(9)) }
    #expect(throws: WireError.self) { try Value(decoding: nested(1000)) }
    _ = try Value(decoding: nested(31), depthMax: 31)
  }

  @Test func itemsHaveALimit() throws {
    func array(_ count: Int) -> [UInt8] { Value.array(Array(repeating: nil, count: count)).encoded }
    _ = try Value(decoding: array(65_535))
    #expect(throws: WireError.self) { try Value(decoding: array(65_536)) }
  }

  @Test(arguments: 0 ..< 200)
  func everyTruncationIsRefused(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    let bytes = Value.random(depth: 4, using: &generator).encoded
    for count in bytes.indices {
      #expect(throws: WireError.self) { try Value(decoding: Array(bytes[..<count])) }
    }
  }

  @Test(arguments: 0 ..< 50)
  func randomBytesAreReadOrRefused(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    for _ in 0 ..< 200 {
      let bytes = randomBytes(Int.random(in: 0 ..< 60, using: &generator), &generator)
      if let value = try? Value(decoding: bytes) {
        #expect((try? Value(decoding: value.encoded)) == value)
      }
    }
  }

  @Test(arguments: 0 ..< 100)
  func flippedBitsAreReadOrRefused(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    let bytes = Value.random(depth: 4, using: &generator).encoded
    for _ in 0 ..< 50 {
      var flipped = bytes
      let index = Int.random(in: flipped.indices, using: &generator)
      flipped[index] ^= 1 << UInt8.random(in: 0 ..< 8, using: &generator)
      if let value = try? Value(decoding: flipped) {
        #expect((try? Value(decoding: value.encoded)) == value)
      }
    }
  }
}
