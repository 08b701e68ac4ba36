import CMessagePack

extension Value {
  /// Reads exactly one value.
  ///
  /// - Parameters:
  ///   - bytes: the value and nothing else.
  ///   - depthMax: how many containers may lie inside each other.
  ///   - itemsMax: how many values there may be in all, containers and keys included.
  /// - Throws: `malformed_frame` with the reason, whatever the bytes are.
  public init(
    decoding bytes: [UInt8],
    depthMax: Int = Limits().depthMax,
    itemsMax: Int = Limits().itemsMax
  ) throws(WireError) {
    _ = try Scan(bytes.span, depthMax: depthMax, itemsMax: itemsMax)
    try self.init(scanned: bytes[...])
  }

  /// Reads one value from bytes that a `Scan` has walked to their end.
  init(scanned bytes: ArraySlice<UInt8>) throws(WireError) {
    self = try bytes.withUnsafeBufferPointer { (raw) throws(WireError) -> Value in
      var unpacked = msgpack_unpacked()
      msgpack_unpacked_init(&unpacked)
      defer { msgpack_unpacked_destroy(&unpacked) }
      let start = UnsafeRawPointer(raw.baseAddress)?.assumingMemoryBound(to: CChar.self)
      var offset = 0
      let answer = msgpack_unpack_next(&unpacked, start, raw.count, &offset)
      guard answer == MSGPACK_UNPACK_SUCCESS, offset == raw.count else {
        throw malformed("msgpack-c answered \(answer.rawValue)")
      }
      return try Value(unpacked.data)
    }
  }

  private init(_ object: msgpack_object) throws(WireError) {
    switch object.type {
    case MSGPACK_OBJECT_NIL: self = .nil
    case MSGPACK_OBJECT_BOOLEAN: self = .bool(object.via.boolean)
    case MSGPACK_OBJECT_POSITIVE_INTEGER: self = .uint(object.via.u64)
    case MSGPACK_OBJECT_NEGATIVE_INTEGER: self = .int(object.via.i64)
    case MSGPACK_OBJECT_FLOAT32: self = .float(Float(object.via.f64))
    case MSGPACK_OBJECT_FLOAT64: self = .double(object.via.f64)
    case MSGPACK_OBJECT_STR: self = .string(try text(object.via.str))
    case MSGPACK_OBJECT_BIN:
      let bin = object.via.bin
      self = .binary([UInt8](UnsafeRawBufferPointer(start: bin.ptr, count: Int(bin.size))))
    case MSGPACK_OBJECT_ARRAY:
      let array = UnsafeBufferPointer(
        start: object.via.array.ptr,
        count: Int(object.via.array.size)
      )
      var items: [Value] = []
      items.reserveCapacity(array.count)
      for item in array { items.append(try Value(item)) }
      self = .array(items)
    case MSGPACK_OBJECT_MAP:
      let map = UnsafeBufferPointer(start: object.via.map.ptr, count: Int(object.via.map.size))
      var entries: [Entry] = []
      entries.reserveCapacity(map.count)
      for entry in map {
        entries.append(Entry(try text(entry.key.via.str), try Value(entry.val)))
      }
      try refuseRepeatedKeys(entries)
      self = .map(entries)
    default:
      throw malformed("an extension type")
    }
  }
}

private func text(_ string: msgpack_object_str) throws(WireError) -> String {
  let bytes = UnsafeRawBufferPointer(start: string.ptr, count: Int(string.size))
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw malformed("a string that is not UTF-8")
  }
  return text
}

private func refuseRepeatedKeys(_ entries: [Value.Entry]) throws(WireError) {
  // A set pays only where the map is large; Swift's own string equality would fold different bytes into one key.
  if entries.count <= 8 {
    for index in entries.indices {
      for earlier in entries[..<index]
      where earlier.key.utf8.elementsEqual(entries[index].key.utf8) {
        throw malformed("the key \(quoted(earlier.key)) appears twice")
      }
    }
    return
  }
  var seen = Set<[UInt8]>(minimumCapacity: entries.count)
  for entry in entries where !seen.insert([UInt8](entry.key.utf8)).inserted {
    throw malformed("the key \(quoted(entry.key)) appears twice")
  }
}
