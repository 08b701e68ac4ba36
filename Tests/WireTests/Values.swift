import Support
import Wire

extension Value {
  /// A random value at most `depth` containers deep.
  static func random(depth: Int, using generator: inout SplitMix64) -> Value {
    switch Int.random(in: 0 ..< (depth > 0 ? 11 : 9), using: &generator) {
    case 0: return .nil
    case 1: return .bool(.random(using: &generator))
    case 2: return Value(Int64.random(in: .min ... .max, using: &generator))
    case 3: return Value(Int64.random(in: -200 ... 300, using: &generator))
    case 4: return .uint(.random(in: 0 ... .max, using: &generator))
    case 5:
      return .float(Float(bitPattern: UInt32.random(in: 0 ..< 0x7f80_0000, using: &generator)))
    case 6: return .double(Double.random(in: -1 ... 1, using: &generator))
    case 7: return .string(randomText(using: &generator))
    case 8: return .binary(randomBytes(Int.random(in: 0 ..< 40, using: &generator), &generator))
    case 9:
      let count = Int.random(in: 0 ..< 5, using: &generator)
      return .array((0 ..< count).map { _ in random(depth: depth - 1, using: &generator) })
    default:
      let count = Int.random(in: 0 ..< 5, using: &generator)
      return .map(
        (0 ..< count).map { index in
          Entry(
            "\(index)" + randomText(using: &generator),
            random(depth: depth - 1, using: &generator)
          )
        }
      )
    }
  }
}

/// Text of all UTF-8 lengths.
func randomText(using generator: inout SplitMix64) -> String {
  let letters: [Character] = ["a", "Z", "é", "e\u{301}", "漢", "😀", "\0", "\u{ffff}"]
  let count = Int.random(in: 0 ..< 40, using: &generator)
  return String((0 ..< count).map { _ in letters.randomElement(using: &generator) ?? "-" })
}

func randomBytes(_ count: Int, _ generator: inout SplitMix64) -> [UInt8] {
  (0 ..< count).map { _ in UInt8.random(in: 0 ... 255, using: &generator) }
}

/// The bytes cut into random pieces, empty ones among them.
func pieces(of bytes: [UInt8], using generator: inout SplitMix64) -> [[UInt8]] {
  var pieces: [[UInt8]] = []
  var rest = bytes[...]
  while !rest.isEmpty {
    let most = [1, 3, 10, 1000].randomElement(using: &generator) ?? 1
    let piece = rest.prefix(Int.random(in: 0 ... most, using: &generator))
    pieces.append(Array(piece))
    rest = rest.dropFirst(piece.count)
  }
  return pieces
}

/// Bytes from hexadecimal digits; spaces are for the reader.
func hex(_ digits: String) -> [UInt8] {
  let digits = digits.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] << 4 | digits[$0 + 1])
  }
}

/// All frames of a stretch of output, and nothing left over.
func frames(in bytes: [UInt8]) throws(WireError) -> [Frame] {
  var reader = FrameReader()
  var rest = bytes[...]
  var frames: [Frame] = []
  while let body = try reader.next(from: &rest) { frames.append(try Frame(decoding: body)) }
  precondition(reader.waitingCount == 0, "half a frame in the output")
  return frames
}
