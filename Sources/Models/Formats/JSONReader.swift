/// The recursive-descent reader behind `JSON.init(parsing:)` and `JSON.place(of:in:base:)`.
struct JSONReader {
  let bytes: [UInt8]
  let path: String
  let base: Int
  private var position = 0

  init(bytes: [UInt8], path: String, base: Int) {
    self.bytes = bytes
    self.path = path
    self.base = base
  }

  mutating func document() throws(FormatError) -> JSON {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw blame("bytes after the end of the JSON value") }
    return value
  }

  private func blame(_ reason: String) -> FormatError {
    FormatError(path: path, offset: base + position, reason: reason)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func value(depth: Int) throws(FormatError) -> JSON {
    skipSpace()
    guard depth < JSON.depthMax || next != UInt8(ascii: "{") && next != UInt8(ascii: "[") else {
      throw blame("JSON nested deeper than \(JSON.depthMax) containers")
    }
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw blame("JSON ends where a value should begin")
    default: return try number()
    }
  }

  private mutating func word(_ word: String, _ value: JSON) throws(FormatError) -> JSON {
    let wanted = Array(word.utf8)
    guard bytes[position...].starts(with: wanted) else { throw blame("not a JSON value") }
    position += wanted.count
    return value
  }

  private mutating func object(depth: Int) throws(FormatError) -> JSON {
    position += 1
    var members: [JSON.Member] = []
    var seen: Set<[UInt8]> = []
    skipSpace()
    if next == UInt8(ascii: "}") {
      position += 1
      return .object([])
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw blame("expected a JSON object key") }
      let key = try string()
      guard seen.insert(key).inserted else {
        throw blame("the key \"\(String(decoding: key, as: UTF8.self))\" appears twice")
      }
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw blame("expected ':' after a JSON key") }
      position += 1
      members.append(JSON.Member(key: key, value: try value(depth: depth + 1)))
      if try endOfContainer(UInt8(ascii: "}")) { return .object(members) }
    }
  }

  private mutating func array(depth: Int) throws(FormatError) -> JSON {
    position += 1
    var items: [JSON] = []
    skipSpace()
    if next == UInt8(ascii: "]") {
      position += 1
      return .array([])
    }
    while true {
      items.append(try value(depth: depth + 1))
      if try endOfContainer(UInt8(ascii: "]")) { return .array(items) }
    }
  }

  private mutating func endOfContainer(_ close: UInt8) throws(FormatError) -> Bool {
    skipSpace()
    guard let byte = next, byte == close || byte == UInt8(ascii: ",") else {
      throw blame("expected ',' or the end of a JSON container")
    }
    position += 1
    return byte == close
  }

  private mutating func string() throws(FormatError) -> [UInt8] {
    position += 1
    var result: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard String(validating: result, as: UTF8.self) != nil else {
          throw blame("a JSON string is not UTF-8")
        }
        return result
      case UInt8(ascii: "\\"): try escape(into: &result)
      case 0 ..< 0x20: throw blame("a control character inside a JSON string")
      default: result.append(byte)
      }
    }
    throw blame("JSON ends inside a string")
  }

  private mutating func escape(into result: inout [UInt8]) throws(FormatError) {
    guard let byte = next else { throw blame("JSON ends inside an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"): result.append(contentsOf: try unicodeEscape())
    default: throw blame("an unknown escape in a JSON string")
    }
  }

  private mutating func unicodeEscape() throws(FormatError) -> [UInt8] {
    let first = try fourHexDigits()
    var scalar = UInt32(first)
    if (0xD800 ..< 0xDC00).contains(first), bytes[position...].starts(with: [0x5C, 0x75]) {
      let mark = position
      position += 2
      let second = try fourHexDigits()
      if (0xDC00 ..< 0xE000).contains(second) {
        scalar = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
      } else {
        position = mark
      }
    }
    return Array(String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
  }

  private mutating func fourHexDigits() throws(FormatError) -> UInt16 {
    guard position + 4 <= bytes.count,
      let digits = String(validating: bytes[position ..< position + 4], as: UTF8.self),
      digits.allSatisfy(\.isHexDigit), let value = UInt16(digits, radix: 16)
    else { throw blame("\\u needs four hexadecimal digits") }
    position += 4
    return value
  }

  private mutating func number() throws(FormatError) -> JSON {
    let start = position
    while let byte = next, isNumberByte(byte) { position += 1 }
    let text = String(decoding: bytes[start ..< position], as: UTF8.self)
    let digits = text.drop { $0 == "-" }
    guard let lead = digits.first, lead.isNumber, text.filter({ $0 == "-" }).count <= 2 else {
      position = start
      throw blame("not a JSON value")
    }
    guard digits.count == 1 || lead != "0" || !(digits.dropFirst().first?.isNumber ?? false) else {
      position = start
      throw blame("a JSON number with a leading zero")
    }
    if let integer = Int(text) { return .integer(integer) }
    // Swift reads `1.` too, JSON does not.
    guard let point = text.firstIndex(of: "."),
      !(text[text.index(after: point)...].first?.isNumber ?? false)
    else { return try float(text, from: start) }
    position = start
    throw blame("a JSON number without a digit after the point")
  }

  private mutating func float(_ text: String, from start: Int) throws(FormatError) -> JSON {
    guard let number = Double(text), number.isFinite else {
      position = start
      throw blame("a JSON number that no 64-bit float can hold")
    }
    return .number(number)
  }

  private func isNumberByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0") ... UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  // MARK: Places

  /// Where the value begins to which `steps` lead from here, in bytes from the start of the file; nil if there is none.
  mutating func place(of steps: ArraySlice<ValueStep>, depth: Int = 0)
    throws(FormatError) -> Int?
  {
    skipSpace()
    guard let step = steps.first else { return base + position }
    let (open, close) = step.container
    guard next == open else { return nil }
    position += 1
    skipSpace()
    guard next != close else { return nil }
    var number = 0
    repeat {
      skipSpace()
      let here: ValueStep
      if case .key = step {
        here = .key(try string())
        skipSpace()
        position += 1
      } else {
        here = .item(number)
      }
      if here == step { return try place(of: steps.dropFirst(), depth: depth + 1) }
      _ = try value(depth: depth + 1)
      number += 1
    } while try !endOfContainer(close)
    return nil
  }
}

extension ValueStep {
  /// The brackets that it looks between.
  fileprivate var container: (open: UInt8, close: UInt8) {
    switch self {
    case .key: (UInt8(ascii: "{"), UInt8(ascii: "}"))
    case .item: (UInt8(ascii: "["), UInt8(ascii: "]"))
    }
  }
}
