import Support
import Testing

@testable import Models

struct JSONTests {
  private func parse(_ text: String) throws -> JSON {
    try JSON(parsing: Array(text.utf8), path: "x.json")
  }

  private func refusal(_ text: String) -> FormatError? {
    do {
      _ = try JSON(parsing: Array(text.utf8), path: "x.json", base: 100)
      return nil
    } catch {
      return error
    }
  }

  @Test func everyKindOfValueIsRead() throws {
    let json = try parse(
      " {\"a\": [null, true, false, -12, 0.5, 1e3, \"x\"], \"b\": {}, \"\": []}\n"
    )
    #expect(
      json["a"]?.items == [
        .null, .bool(true), .bool(false), .integer(-12), .number(0.5), .number(1_000),
        .string([0x78]),
      ]
    )
    #expect(json["b"]?.members == [])
    #expect(json[""]?.items == [])
    #expect(json["c"] == nil)
  }

  @Test(arguments: [
    ("\"\\u0041\\n\\t\\/\\\\\\\"\"", "A\n\t/\\\""), ("\"\\ud83d\\ude00\"", "😀"),
    ("\"\\ud83dx\"", "\u{FFFD}x"), ("\"\\ude00\"", "\u{FFFD}"),
    ("\"\\ud83d\\ud83d\\ude00\"", "\u{FFFD}😀"), ("\"é\u{301}中\"", "é\u{301}中"),
  ])
  func escapesAreResolved(_ text: String, _ expected: String) throws {
    #expect(try parse(text).bytes == Array(expected.utf8))
  }

  @Test func stringsThatLookAlikeStayApart() throws {
    let json = try parse("{\"\u{E9}\": 1, \"e\u{301}\": 2}")
    #expect(json["\u{E9}"]?.integer == 1)
    #expect(json["e\u{301}"]?.integer == 2)
  }

  @Test(arguments: [
    ("0", JSON.integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
    ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(0x1p63)),
    ("1E+2", .number(100)), ("-1.5e-1", .number(-0.15)), ("12.0", .number(12)),
  ])
  func numbersAreRead(_ text: String, _ expected: JSON) throws {
    #expect(try parse(text) == expected)
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "\"",
    "\"\\",
    "\"\\u00", "\"\\x\"", "\"\u{1}\"", "tru", "nul", "01", "-", "-01", "1.", ".5", "1.e2", "1e",
    "1e+",
    "+1", "--1", "0x10", "1e999", "NaN", "Infinity", "1 2", "[1}", "{\"a\":1,\"a\":2}", "[1 2]",
    "\"\\u１234\"",
  ])
  func whatIsNotJSONIsRefusedWithItsPlace(_ text: String) throws {
    let error = try #require(refusal(text))
    #expect(error.path == "x.json")
    #expect((100 ... 100 + text.utf8.count).contains(try #require(error.offset)))
  }

  @Test func stringsThatAreNotUTF8AreRefused() {
    #expect(throws: FormatError.self) {
      try JSON(parsing: [0x22, 0xC3, 0x22], path: "x.json")
    }
  }

  @Test func nestingHasALimit() {
    let deepest = JSON.depthMax
    let fits = String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest)
    #expect(refusal(fits) == nil)
    #expect(refusal("[" + fits + "]")?.reason.contains("\(deepest)") == true)
    #expect(refusal(String(repeating: "[", count: 1_000_000)) != nil)
  }

  @Test(arguments: 0 ..< 300) func randomBytesNeverCrash(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let menu = Array("{}[]\",:\\u0123456789abcdefE+-. trunlsé\u{1}".utf8) + [0xFF, 0xC3]
    let bytes = (0 ..< 40).map { _ in menu.randomElement(using: &random) ?? 0 }
    do {
      // What is read must be written and read again to the same.
      let json = try JSON(parsing: bytes, path: "random")
      #expect(try JSON(parsing: JSONText.bytes(json), path: "again") == json)
    } catch {
      #expect(error.path == "random")
    }
  }

  @Test(arguments: 0 ..< 200) func whatIsWrittenIsRead(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let json = Self.random(depth: 4, using: &random)
    #expect(try JSON(parsing: JSONText.bytes(json), path: "written") == json)
  }

  static func random(depth: Int, using random: inout SplitMix64) -> JSON {
    switch Int.random(in: 0 ..< (depth > 0 ? 7 : 5), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return .integer(Int.random(in: .min ... .max, using: &random))
    case 3: return .number(Double.random(in: -1 ..< 1, using: &random))
    case 4:
      let scalars = (0 ..< 5).map { _ in
        Unicode.Scalar(UInt32.random(in: 0 ..< 0x3000, using: &random)) ?? "?"
      }
      return .string(scalars.flatMap { Array(String($0).utf8) })
    case 5: return .array((0 ..< 4).map { _ in Self.random(depth: depth - 1, using: &random) })
    default:
      return .object(
        (0 ..< 4).map { index in
          let key = Array("key \(index)".utf8)
          return JSON.Member(key: key, value: Self.random(depth: depth - 1, using: &random))
        }
      )
    }
  }
}
