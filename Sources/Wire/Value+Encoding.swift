import CMessagePack

extension Value {
  /// Writes this value as MessagePack, every integer and length in its shortest form.
  ///
  /// - Parameter bytes: where the value is appended.
  public func encode(into bytes: inout [UInt8]) {
    Packer.append(to: &bytes) { $0.pack(self) }
  }

  /// This value as MessagePack.
  public var encoded: [UInt8] {
    var bytes: [UInt8] = []
    encode(into: &bytes)
    return bytes
  }
}

/// msgpack-c's packer, writing onto the end of a byte array by way of a little room on the stack.
///
/// It lives only inside `append(to:)`, which lends it the array; no buffer of the library's own is allocated.
struct Packer: ~Copyable {
  private var packer: msgpack_packer

  static func append(to bytes: inout [UInt8], _ body: (inout Packer) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: Sink.roomBytes, alignment: 1) { room in
      var sink = Sink(room, bytes)
      // The array is the sink's alone meanwhile, so that it is not copied.
      bytes = []
      withUnsafeMutablePointer(to: &sink) { sink in
        var packer = Packer(sink)
        body(&packer)
      }
      sink.empty()
      bytes = sink.bytes
    }
  }

  private init(_ sink: UnsafeMutablePointer<Sink>) {
    packer = msgpack_packer()
    msgpack_packer_init(&packer, sink) { sink, start, count in
      sink?.assumingMemoryBound(to: Sink.self).pointee.take(start, count)
      return 0
    }
  }

  /// Gathers the packer's writes, most of which are a few bytes, before they go onto the array.
  private struct Sink {
    static let roomBytes = 512
    var bytes: [UInt8]
    private let room: UnsafeMutableRawBufferPointer
    private var used = 0

    init(_ room: UnsafeMutableRawBufferPointer, _ bytes: [UInt8]) {
      self.room = room
      self.bytes = bytes
    }

    mutating func take(_ start: UnsafePointer<CChar>?, _ count: Int) {
      guard let start, count > 0 else { return }
      if count > room.count - used { empty() }
      guard count <= room.count else {
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        return
      }
      room.baseAddress?.advanced(by: used).copyMemory(from: start, byteCount: count)
      used += count
    }

    mutating func empty() {
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[..<used]))
      used = 0
    }
  }

  mutating func pack(_ value: Value) {
    switch value {
    case .nil: msgpack_pack_nil(&packer)
    case .bool(let bool): pack(bool)
    case .int(let integer): msgpack_pack_int64(&packer, integer)
    case .uint(let integer): pack(integer)
    case .float(let float): msgpack_pack_float(&packer, float)
    case .double(let double): msgpack_pack_double(&packer, double)
    case .string(let string): pack(string)
    case .binary(let bytes): pack(bytes)
    case .array(let items):
      array(count: items.count)
      for item in items { pack(item) }
    case .map(let entries): pack(entries)
    }
  }

  mutating func pack(_ entries: [Value.Entry]) {
    msgpack_pack_map(&packer, entries.count)
    for entry in entries {
      pack(entry.key)
      pack(entry.value)
    }
  }

  mutating func pack(_ string: String) {
    var string = string
    string.withUTF8 { utf8 in
      msgpack_pack_str(&packer, utf8.count)
      msgpack_pack_str_body(&packer, utf8.baseAddress, utf8.count)
    }
  }

  mutating func pack(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { raw in
      msgpack_pack_bin(&packer, raw.count)
      msgpack_pack_bin_body(&packer, raw.baseAddress, raw.count)
    }
  }

  mutating func pack(_ bool: Bool) {
    if bool { msgpack_pack_true(&packer) } else { msgpack_pack_false(&packer) }
  }

  mutating func pack(_ integer: UInt64) { msgpack_pack_uint64(&packer, integer) }

  /// Packs an integer that is known not to be negative: a count, a kind or a stream.
  mutating func pack(_ integer: Int) { pack(UInt64(integer)) }

  mutating func array(count: Int) { msgpack_pack_array(&packer, count) }
}
