/// What happened in a world: a hash of everything, and the last things in words.
struct Trace {
  /// One thing that happened.
  struct Line {
    let time: Duration
    let what: StaticString
    let who: Int
    let number: Int
  }

  /// Same seed, same hash.
  private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  private(set) var count = 0
  private var ring: [Line] = []
  private static let ringCount = 80

  mutating func note(_ what: StaticString, _ who: Int, _ number: Int, at time: Duration) {
    count += 1
    what.withUTF8Buffer { mix($0) }
    mix(UInt64(bitPattern: Int64(who)))
    mix(UInt64(bitPattern: Int64(number)))
    mix(UInt64(bitPattern: time.components.attoseconds))
    let line = Line(time: time, what: what, who: who, number: number)
    if ring.count < Self.ringCount {
      ring.append(line)
    } else {
      ring[count % Self.ringCount] = line
    }
  }

  /// Bytes that went over a fake wire.
  mutating func note(bytes: [UInt8]) { bytes.withUnsafeBufferPointer { mix($0) } }

  /// The last lines, oldest first.
  var tail: String {
    let split = ring.count < Self.ringCount ? 0 : (count + 1) % Self.ringCount
    return (ring[split...] + ring[..<split]).map {
      "  \($0.time) \($0.what) \($0.who) \($0.number)"
    }.joined(separator: "\n")
  }

  private mutating func mix(_ bytes: UnsafeBufferPointer<UInt8>) {
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }

  private mutating func mix(_ number: UInt64) {
    hash = (hash ^ number) &* 0x100_0000_01B3
    hash ^= hash >> 29
  }
}
