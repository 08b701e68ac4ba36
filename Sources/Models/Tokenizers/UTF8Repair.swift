/// Turns a stream of bytes, cut anywhere, into valid UTF-8.
///
/// Each maximal part of an ill-formed sequence becomes one U+FFFD, as Unicode recommends (chapter 3.9)
/// and as Python's `errors="replace"` does. Bytes that may still become a character are held back.
struct UTF8Repair: Sendable, Equatable {
  /// The beginning of a character, at most three bytes.
  private(set) var held: [UInt8] = []

  private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  /// Appends to `output` what is certain once `bytes` have followed everything before them.
  mutating func append(_ bytes: some Sequence<UInt8>, to output: inout [UInt8]) {
    for byte in bytes {
      if held.isEmpty, byte < 0x80 {
        output.append(byte)
      } else {
        take(byte, to: &output)
      }
    }
  }

  /// Appends one U+FFFD if the stream ended inside a character.
  mutating func finish(to output: inout [UInt8]) {
    guard !held.isEmpty else { return }
    output.append(contentsOf: Self.replacement)
    held.removeAll(keepingCapacity: true)
  }

  /// A whole text repaired.
  static func repaired(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var repair = UTF8Repair()
    var output: [UInt8] = []
    output.reserveCapacity(bytes.underestimatedCount)
    repair.append(bytes, to: &output)
    repair.finish(to: &output)
    return output
  }

  private mutating func take(_ byte: UInt8, to output: inout [UInt8]) {
    if !held.isEmpty {
      if continues(byte) {
        held.append(byte)
        if held.count == length(from: held[0]) {
          output.append(contentsOf: held)
          held.removeAll(keepingCapacity: true)
        }
        return
      }
      output.append(contentsOf: Self.replacement)
      held.removeAll(keepingCapacity: true)
    }
    switch byte {
    case 0 ..< 0x80: output.append(byte)
    case 0xC2 ... 0xF4: held.append(byte)
    default: output.append(contentsOf: Self.replacement)
    }
  }

  private func length(from lead: UInt8) -> Int { lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }

  /// Whether `byte` may follow `held` in well-formed UTF-8 (Unicode, table 3-7).
  private func continues(_ byte: UInt8) -> Bool {
    guard held.count == 1 else { return (0x80 ... 0xBF).contains(byte) }
    switch held[0] {
    case 0xE0: return (0xA0 ... 0xBF).contains(byte)
    case 0xED: return (0x80 ... 0x9F).contains(byte)
    case 0xF0: return (0x90 ... 0xBF).contains(byte)
    case 0xF4: return (0x80 ... 0x8F).contains(byte)
    default: return (0x80 ... 0xBF).contains(byte)
    }
  }
}

/// Reads the scalar that begins at `index` of valid UTF-8.
///
/// - Precondition: `text` is valid UTF-8 and a scalar begins at `index`.
@inline(__always)
func scalar(in text: [UInt8], at index: Int) -> (value: UInt32, length: Int) {
  let lead = UInt32(text[index])
  if lead < 0x80 { return (lead, 1) }
  let second = UInt32(text[index + 1] & 0x3F)
  if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
  let third = UInt32(text[index + 2] & 0x3F)
  if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
  return ((lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(text[index + 3] & 0x3F), 4)
}

/// Appends a scalar as UTF-8.
///
/// - Precondition: `value` is a Unicode scalar value.
@inline(__always)
func append(_ value: UInt32, to text: inout [UInt8]) {
  if value < 0x80 {
    text.append(UInt8(value))
  } else if value < 0x800 {
    text.append(UInt8(0xC0 | value >> 6))
    text.append(UInt8(0x80 | value & 0x3F))
  } else if value < 0x10000 {
    text.append(UInt8(0xE0 | value >> 12))
    text.append(UInt8(0x80 | value >> 6 & 0x3F))
    text.append(UInt8(0x80 | value & 0x3F))
  } else {
    text.append(UInt8(0xF0 | value >> 18))
    text.append(UInt8(0x80 | value >> 12 & 0x3F))
    text.append(UInt8(0x80 | value >> 6 & 0x3F))
    text.append(UInt8(0x80 | value & 0x3F))
  }
}
