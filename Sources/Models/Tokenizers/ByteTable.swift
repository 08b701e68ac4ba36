/// A map from byte strings to numbers that can be searched by a hash built byte by byte.
///
/// Open addressing over one block of key bytes: no allocation per key, and a search for all prefixes of a
/// text costs one hash step per byte.
struct ByteTable: Sendable {
  /// Keys end to end.
  private var keys: [UInt8] = []
  /// The count is a power of two.
  private var slots: [Slot]
  /// How many keys there are.
  private(set) var count = 0
  /// The longest key, in bytes.
  private(set) var keyBytesMax = 0

  /// Where a key may be: all but its bytes in one place, since each place is a miss of the cache.
  private struct Slot {
    /// Where its bytes begin.
    var start: UInt32 = 0
    /// Negative where there is none.
    var length: Int32 = -1
    /// The high half of its hash, so that other keys are mostly told apart without being read.
    var tag: UInt32 = 0
    var value: Int32 = 0
  }

  /// The hash of no bytes.
  static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

  init(minimumCapacity: Int) {
    var size = 16
    while size < minimumCapacity * 2 { size *= 2 }
    slots = Array(repeating: Slot(), count: size)
  }

  /// FNV-1a, one step.
  @inline(__always)
  static func hash(_ hash: UInt64, adding byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  /// The value of the key `text[range]`, whose bytes hash to `hash`.
  func value(of text: [UInt8], _ range: Range<Int>, hash: UInt64) -> Int32? {
    let slot = slots[slot(of: text, range, hash: hash)]
    return slot.length < 0 ? nil : slot.value
  }

  /// The value of the key `text[range]`.
  func value(of text: [UInt8], _ range: Range<Int>) -> Int32? {
    guard range.count <= keyBytesMax else { return nil }
    return value(of: text, range, hash: range.reduce(Self.seed) { Self.hash($0, adding: text[$1]) })
  }

  func value(of key: [UInt8]) -> Int32? {
    value(of: key, 0 ..< key.count, hash: Self.hash(of: key))
  }

  /// Adds a key; false, and nothing changes, if it is already there or all keys would be longer than 4 GiB.
  mutating func insert(_ key: [UInt8], value: Int32) -> Bool {
    guard let start = UInt32(exactly: keys.count) else { return false }
    if (count + 1) * 2 > slots.count { grow() }
    let hash = Self.hash(of: key)
    let slot = slot(of: key, 0 ..< key.count, hash: hash)
    guard slots[slot].length < 0 else { return false }
    slots[slot] = Slot(
      start: start,
      length: Int32(clamping: key.count),
      tag: Self.tag(of: hash),
      value: value
    )
    count += 1
    keys += key
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
      if found.length < 0 || found.tag == tag && holds(found, text, range) { return slot }
      slot = (slot + 1) & (slots.count - 1)
    }
  }

  private func holds(_ slot: Slot, _ text: [UInt8], _ range: Range<Int>) -> Bool {
    guard Int(slot.length) == range.count else { return false }
    for offset in 0 ..< range.count
    where keys[Int(slot.start) + offset] != text[range.lowerBound + offset] {
      return false
    }
    return true
  }

  private mutating func grow() {
    let all = slots
    slots = Array(repeating: Slot(), count: all.count * 2)
    for entry in all where entry.length >= 0 {
      let range = Int(entry.start) ..< Int(entry.start) + Int(entry.length)
      let hash = keys[range].reduce(Self.seed) { Self.hash($0, adding: $1) }
      slots[slot(of: keys, range, hash: hash)] = entry
    }
  }
}
