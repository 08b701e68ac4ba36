/// Canonical decomposition (NFD) as the reference's normalizers do it: by Unicode 9.0.
///
/// Mappings and combining classes of scalars assigned later are not known to it, and so not to us.
struct Decomposition: Sendable {
  /// Scalar to its full decomposition, a range of `parts`.
  private let ranges: [UInt32: Range<Int>]
  private let parts: [UInt32]

  /// Read from `decompositionText` once per process, at first use.
  static let shared = Decomposition(reading: decompositionText)

  private init(reading text: String) {
    var ranges: [UInt32: Range<Int>] = [:]
    var parts: [UInt32] = []
    var scalar: UInt32 = 0
    for word in text.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }) {
      if word.first == UInt8(ascii: "!") {
        scalar = Self.hexadecimal(word.dropFirst())
      } else {
        let start = parts.count
        parts += word.split(separator: UInt8(ascii: "+")).map { Self.hexadecimal($0) }
        ranges[scalar] = start ..< parts.count
        scalar += 1
      }
    }
    self.ranges = ranges
    self.parts = parts
  }

  private static func hexadecimal(_ digits: some Sequence<UInt8>) -> UInt32 {
    digits.reduce(0) { $0 << 4 | UInt32($1 < 0x41 ? $1 - 0x30 : $1 - 0x37) }
  }

  /// Every scalar that decomposes, but for Hangul syllables, with what it becomes.
  var mappings: [(scalar: UInt32, parts: [UInt32])] {
    ranges.map { ($0.key, Array(parts[$0.value])) }
  }

  /// Decomposes a text and puts its marks into canonical order.
  func decomposed(_ scalars: [UInt32]) -> [UInt32] {
    if scalars.allSatisfy({ $0 < 0xC0 }) { return scalars }
    var output: [UInt32] = []
    output.reserveCapacity(scalars.count * 2)
    for scalar in scalars { append(scalar, to: &output) }
    order(&output)
    return output
  }

  private func append(_ scalar: UInt32, to output: inout [UInt32]) {
    if (0xAC00 ..< 0xD7A4).contains(scalar) {
      // Hangul syllables decompose by arithmetic (Unicode, section 3.12).
      let index = scalar - 0xAC00
      output.append(0x1100 + index / 588)
      output.append(0x1161 + index % 588 / 28)
      if index % 28 != 0 { output.append(0x11A7 + index % 28) }
    } else if scalar >= 0xC0, let range = ranges[scalar] {
      output += parts[range]
    } else {
      output.append(scalar)
    }
  }

  /// Sorts each run of marks by combining class; equal classes keep their order.
  private func order(_ scalars: inout [UInt32]) {
    var index = 0
    while index < scalars.count {
      guard combiningClass(scalars[index]) != 0 else {
        index += 1
        continue
      }
      let start = index
      var marks: [(order: UInt8, scalar: UInt32)] = []
      while index < scalars.count {
        let order = combiningClass(scalars[index])
        if order == 0 { break }
        marks.append((order, scalars[index]))
        index += 1
      }
      guard marks.count > 1 else { continue }
      // Swift's sort is stable, though its documentation does not promise it: sort by place as well.
      let sorted = marks.enumerated().sorted {
        ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
      }
      for (offset, mark) in sorted.enumerated() { scalars[start + offset] = mark.element.scalar }
    }
  }

  /// Canonical_Combining_Class, 0 for what does not combine.
  func combiningClass(_ value: UInt32) -> UInt8 {
    guard value >= 0x300, let scalar = Unicode.Scalar(value) else { return 0 }
    let order = scalar.properties.canonicalCombiningClass.rawValue
    guard order != 0, let age = scalar.properties.age, age.major <= 9 else { return 0 }
    return order
  }
}
