extension JSON {
  /// The value as JSON text; at `depth` 0 and 1 of containers every item has a line of its own, from 2 on all is one line.
  public func text(depth: Int = 0) -> [UInt8] {
    switch self {
    case .null: return Array("null".utf8)
    case .bool(let value): return Array((value ? "true" : "false").utf8)
    case .integer(let value): return Array("\(value)".utf8)
    case .number(let value): return Array("\(value)".utf8)
    case .string(let bytes): return Self.quoted(bytes)
    case .array(let items):
      return Self.container("[", items.map { $0.text(depth: depth + 1) }, "]", depth)
    case .object(let members):
      let lines = members.map { member in
        Self.quoted(member.key) + Array(": ".utf8) + member.value.text(depth: depth + 1)
      }
      return Self.container("{", lines, "}", depth)
    }
  }

  private static func container(_ open: String, _ items: [[UInt8]], _ close: String, _ depth: Int)
    -> [UInt8]
  {
    let isOpen = depth < 2 && !items.isEmpty
    let indent = isOpen ? "\n" + String(repeating: "  ", count: depth + 1) : ""
    let end = isOpen ? "\n" + String(repeating: "  ", count: depth) : ""
    let between = Array((isOpen ? "," : ", ").utf8) + Array(indent.utf8)
    let inner = Array(items.joined(separator: between))
    return Array((open + indent).utf8) + inner + Array((end + close).utf8)
  }

  private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    var result = [quote]
    for byte in bytes {
      switch byte {
      case quote, UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
      case 0 ..< 0x20:
        let digits = Array("0123456789abcdef".utf8)
        result += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: result.append(byte)
      }
    }
    return result + [quote]
  }
}
