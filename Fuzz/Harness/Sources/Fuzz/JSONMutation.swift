import Models

extension JSON {
  /// One random value inside replaced, removed or doubled.
  func mutated(using random: inout SplitMix64) -> JSON {
    switch self {
    case .object(var members) where !members.isEmpty && Int.random(in: 0 ..< 8, using: &random) > 0:
      let place = Int.random(in: 0 ..< members.count, using: &random)
      switch Int.random(in: 0 ..< 12, using: &random) {
      case 0: members.remove(at: place)
      case 1: members[place].key = mutatedFreely(members[place].key, bytesMax: 40)
      default: members[place].value = members[place].value.mutated(using: &random)
      }
      return .object(members)
    case .array(var items) where !items.isEmpty && Int.random(in: 0 ..< 8, using: &random) > 0:
      let place = Int.random(in: 0 ..< items.count, using: &random)
      switch Int.random(in: 0 ..< 12, using: &random) {
      case 0: items.remove(at: place)
      case 1: items.append(items[place])
      default: items[place] = items[place].mutated(using: &random)
      }
      return .array(items)
    case .integer(let value) where Bool.random(using: &random):
      return .integer(value &+ Int.random(in: -2 ... 2, using: &random))
    case .bool(let value): return .bool(!value)
    case .string(let bytes) where Bool.random(using: &random):
      return .string(mutatedFreely(bytes, bytesMax: bytes.count + 8))
    default: return lies.randomElement(using: &random) ?? .null
    }
  }
}

private let lies: [JSON] = [
  .null, .bool(true), .bool(false), .integer(0), .integer(1), .integer(-1), .integer(300),
  .integer(70_000), .integer(4_194_303), .integer(.max), .integer(.min), .number(1e300),
  .number(0.5), .string([]), .string(Array("a b".utf8)), .string(Array("<s>".utf8)), .array([]),
  .array([.integer(1)]), .object([]),
]

/// Writes JSON.
enum JSONText {
  static func bytes(_ json: JSON) -> [UInt8] {
    var output: [UInt8] = []
    append(json, to: &output)
    return output
  }

  private static func append(_ json: JSON, to output: inout [UInt8]) {
    switch json {
    case .null: output += Array("null".utf8)
    case .bool(let value): output += Array("\(value)".utf8)
    case .integer(let value): output += Array("\(value)".utf8)
    case .number(let value): output += Array("\(value)".utf8)
    case .string(let bytes): quote(bytes, to: &output)
    case .array(let items):
      output.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        append(item, to: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        quote(member.key, to: &output)
        output.append(UInt8(ascii: ":"))
        append(member.value, to: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func quote(_ bytes: [UInt8], to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case 0 ..< 0x20:
        let digits = String(byte, radix: 16)
        output += Array("\\u00\(digits.utf8.count < 2 ? "0" : "")\(digits)".utf8)
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
