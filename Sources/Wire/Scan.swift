/// A walk over the bytes of one MessagePack value that allocates nothing for what the bytes claim.
///
/// msgpack-c reserves memory for every count it reads before it sees the items (a 6-byte header can ask for 16 GB), so
/// nothing reaches it that has not been walked: complete, within its limits, keys that are strings, no extension types.
struct Scan {
  /// Where the items of the outermost container begin; only the first few, which is all that a frame has.
  private(set) var offsets: [Int] = []

  /// Where the value ends.
  var end: Int { offset }

  private struct Container {
    var itemsLeft: Int
    let isMap: Bool
  }

  private var offset = 0
  private var open: [Container] = []

  /// Walks `bytes`, which must be exactly one value.
  init(_ bytes: Span<UInt8>, depthMax: Int, itemsMax: Int) throws(WireError) {
    var items = 0
    repeat {
      items += 1
      guard items <= itemsMax else { throw malformed("more than \(itemsMax) items") }
      try item(bytes, depthMax: depthMax)
      while let last = open.last, last.itemsLeft == 0 { open.removeLast() }
    } while !open.isEmpty
    guard offset == bytes.count else {
      throw malformed("\(bytes.count - offset) bytes after the value")
    }
  }

  private mutating func item(_ bytes: Span<UInt8>, depthMax: Int) throws(WireError) {
    if open.count == 1, offsets.count < 8 { offsets.append(offset) }
    let head = try Int(unsigned(bytes, 1))
    if let last = open.last {
      // Keys stand where an even number of items is left.
      if last.isMap, last.itemsLeft.isMultiple(of: 2), !isString(head) {
        throw malformed("a map key that is not a string")
      }
      open[open.count - 1].itemsLeft -= 1
    }
    switch head {
    case 0x00 ... 0x7f, 0xe0 ... 0xff, 0xc0, 0xc2, 0xc3: break
    case 0x80 ... 0x8f: try enter(head & 0x0f, isMap: true, bytes, depthMax)
    case 0x90 ... 0x9f: try enter(head & 0x0f, isMap: false, bytes, depthMax)
    case 0xa0 ... 0xbf: try skip(head & 0x1f, bytes)
    case 0xc4, 0xd9: try skip(unsigned(bytes, 1), bytes)
    case 0xc5, 0xda: try skip(unsigned(bytes, 2), bytes)
    case 0xc6, 0xdb: try skip(unsigned(bytes, 4), bytes)
    case 0xcc, 0xd0: try skip(1, bytes)
    case 0xcd, 0xd1: try skip(2, bytes)
    case 0xca, 0xce, 0xd2: try skip(4, bytes)
    case 0xcb, 0xcf, 0xd3: try skip(8, bytes)
    case 0xdc: try enter(unsigned(bytes, 2), isMap: false, bytes, depthMax)
    case 0xdd: try enter(unsigned(bytes, 4), isMap: false, bytes, depthMax)
    case 0xde: try enter(unsigned(bytes, 2), isMap: true, bytes, depthMax)
    case 0xdf: try enter(unsigned(bytes, 4), isMap: true, bytes, depthMax)
    case 0xc1: throw malformed("the byte 0xc1, which MessagePack never uses")
    default: throw malformed("an extension type")
    }
  }

  private func isString(_ head: Int) -> Bool {
    (0xa0 ... 0xbf).contains(head) || (0xd9 ... 0xdb).contains(head)
  }

  private mutating func enter(
    _ count: Int,
    isMap: Bool,
    _ bytes: Span<UInt8>,
    _ depthMax: Int
  ) throws(WireError) {
    guard open.count < depthMax else { throw malformed("more than \(depthMax) containers deep") }
    let items = isMap ? 2 * count : count
    guard items <= bytes.count - offset else {
      throw malformed("a container claims \(items) items with \(bytes.count - offset) bytes left")
    }
    open.append(Container(itemsLeft: items, isMap: isMap))
  }

  private mutating func skip(_ count: Int, _ bytes: Span<UInt8>) throws(WireError) {
    guard count <= bytes.count - offset else { throw malformed("the value is cut short") }
    offset += count
  }

  private mutating func unsigned(_ bytes: Span<UInt8>, _ width: Int) throws(WireError) -> Int {
    let start = offset
    try skip(width, bytes)
    var value = 0
    for index in start ..< offset { value = value << 8 | Int(bytes[index]) }
    return value
  }
}

/// A `malformed_frame` with its reason.
func malformed(_ text: String) -> WireError { WireError(.malformedFrame, text) }
