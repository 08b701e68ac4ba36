/// A map from byte strings to numbers that can be searched by a hash built byte by byte.
///
/// Open addressing over one block of key bytes: no allocation per key, and a search for all prefixes of a
/// text costs one hash step per byte.
struct ByteTable: Sendable {
  /// Keys end to end; entry i is `keys[starts[i] ..< starts[i + 1]]`.
  private var keys: [UInt8] = []
  private var starts: [Int] = [0]
  private var values: [Int32] = []
  /// The count is a power of two.
  private var slots: [Slot]
  /// The longest key, in bytes.
  private(set) var keyBytesMax = 0

  /// Where an entry may be.
  private struct Slot {
    /// Its number, -1 where there is none.
    var entry: Int32 = -1
    /// The high half of its key's hash, so that other keys are mostly told apart without being read.
    var tag: UInt32 = 0
  }

  /// The hash of no bytes.
  static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

  init(minimumCapacity: Int) {
    var size = 16
    while size < minimumCapacity * 2 { size *= 2 }
    slots = Array(repeating: Slot(), count: size)
  }

  var count: Int { values.count }

  /// FNV-1a, one step.
  @inline(__always)
  static func hash(_ hash: UInt64, adding byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  /// The value of the key `text[range]`, whose bytes hash to `hash`.
  func value(of text: [UInt8], _ range: Range<Int>, hash: UInt64) -> Int32? {
    let entry = slots[slot(of: text, range, hash: hash)].entry
    return entry < 0 ? nil : values[Int(entry)]
  }

  /// The value of the key `text[range]`.
  func value(of text: [UInt8], _ range: Range<Int>) -> Int32? {
    guard range.count <= keyBytesMax else { return nil }
    return value(of: text, range, hash: range.reduce(Self.seed) { Self.hash($0, adding: text[$1]) })
  }

  func value(of key: [UInt8]) -> Int32? {
    value(of: key, 0 ..< key.count, hash: Self.hash(of: key))
  }

  /// Adds a key; false, and nothing changes, if it is already there.
  mutating func insert(_ key: [UInt8], value: Int32) -> Bool {
    if (values.count + 1) * 2 > slots.count { grow() }
    let hash = Self.hash(of: key)
    let slot = slot(of: key, 0 ..< key.count, hash: hash)
    guard slots[slot].entry < 0 else { return false }
    slots[slot] = Slot(entry: Int32(values.count), tag: Self.tag(of: hash))
    values.append(value)
    keys += key
    starts.append(keys.count)
    keyBytesMax = max(keyBytesMax, key.count)
    return true
  }

  private static func hash(of key: [UInt8]) -> UInt64 {
    key.reduce(seed) { hash($0, adding: $1) }
  }

  private static func tag(of hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

  /// Where the key is, or the empty slot where it belongs.
  private func slot(of text: [UInt8], _ range: Range<Int>, hash: UInt64) -> Int {
    // The low bits of FNV alone are weak; fold the high half in.
    var slot = Int(truncatingIfNeeded: hash ^ hash >> 29 ^ hash >> 47) & (slots.count - 1)
    let tag = Self.tag(of: hash)
    while true {
      let found = slots[slot]
      if found.entry < 0 || found.tag == tag && holds(Int(found.entry), text, range) { return slot }
      slot = (slot + 1) & (slots.count - 1)
    }
  }

  private func holds(_ entry: Int, _ text: [UInt8], _ range: Range<Int>) -> Bool {
    let start = starts[entry]
    guard starts[entry + 1] - start == range.count else { return false }
    for offset in 0 ..< range.count where keys[start + offset] != text[range.lowerBound + offset] {
      return false
    }
    return true
  }

  private mutating func grow() {
    slots = Array(repeating: Slot(), count: slots.count * 2)
    for entry in 0 ..< values.count {
      let range = starts[entry] ..< starts[entry + 1]
      let hash = keys[range].reduce(Self.seed) { Self.hash($0, adding: $1) }
      slots[slot(of: keys, range, hash: hash)] = Slot(entry: Int32(entry), tag: Self.tag(of: hash))
    }
  }
}
