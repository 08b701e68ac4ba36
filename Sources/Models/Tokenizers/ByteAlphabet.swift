/// The byte-level alphabet of GPT-2: every byte has a printable character to stand for it in files.
struct ByteAlphabet: Sendable {
  /// The scalar that stands for each byte.
  let scalars: [UInt32]
  /// The byte of each scalar below 0x144; -1 where none.
  private let bytes: [Int16]

  static let shared = ByteAlphabet()

  private init() {
    var scalars: [UInt32] = []
    var bytes = [Int16](repeating: -1, count: 0x144)
    var spare: UInt32 = 0x100
    for byte in UInt32(0) ..< 256 {
      let printable =
        (0x21 ... 0x7E).contains(byte) || (0xA1 ... 0xAC).contains(byte) || byte >= 0xAE
      scalars.append(printable ? byte : spare)
      if !printable { spare += 1 }
      bytes[Int(scalars[Int(byte)])] = Int16(byte)
    }
    self.scalars = scalars
    self.bytes = bytes
  }

  /// The bytes a spelling stands for; nil if some character of it is outside the alphabet.
  func bytes(of spelling: [UInt8]) -> [UInt8]? {
    var output: [UInt8] = []
    output.reserveCapacity(spelling.count)
    for scalar in String(decoding: spelling, as: UTF8.self).unicodeScalars {
      guard scalar.value < 0x144, bytes[Int(scalar.value)] >= 0 else { return nil }
      output.append(UInt8(bytes[Int(scalar.value)]))
    }
    return output
  }

  /// How a byte is spelled, in UTF-8.
  func spelling(of byte: UInt8) -> [UInt8] {
    var output: [UInt8] = []
    append(scalars[Int(byte)], to: &output)
    return output
  }
}
