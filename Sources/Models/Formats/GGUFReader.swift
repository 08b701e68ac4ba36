internal import Tensors

/// Walks through the head of a GGUF file; every length is held against a limit and the file's end.
struct GGUFReader {
  let file: MappedFile
  let path: String
  private(set) var position = 0
  private var items = 0

  init(file: MappedFile, path: String) {
    self.file = file
    self.path = path
  }

  mutating func header() throws(FormatError) -> (tensors: Int, metadata: Int) {
    let magic = try integer(UInt32.self, "the magic number")
    guard magic == 0x4655_4747 else { throw blame("does not begin with \"GGUF\"", at: 0) }
    let version = try integer(UInt32.self, "the version")
    guard version != UInt32(GGUF.version).byteSwapped else {
      throw blame("is a big-endian GGUF file; only little-endian ones are read", at: 4)
    }
    guard version == UInt32(GGUF.version) else {
      throw blame("is GGUF version \(version); only version \(GGUF.version) is read", at: 4)
    }
    // A tensor's head takes 24 bytes at least, a metadata entry 13.
    let tensors = try count("tensors", limit: GGUF.tensorCountMax, bytesEach: 24)
    let metadata = try count("metadata entries", limit: GGUF.metadataCountMax, bytesEach: 13)
    return (tensors, metadata)
  }

  /// The metadata, and where each value begins.
  mutating func metadata(count: Int)
    throws(FormatError) -> (values: [String: GGUF.Value], places: [String: Int])
  {
    var metadata: [String: GGUF.Value] = [:]
    var places: [String: Int] = [:]
    for _ in 0 ..< count {
      let start = position
      let key = try name("a metadata key")
      let type = try integer(UInt32.self, "the type of \(key)")
      places[key] = position
      let value = try value(type: type, key: key, depth: 0)
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw blame("the metadata key \(key) appears twice", at: start)
      }
    }
    return (metadata, places)
  }

  /// Where an item of an array begins that was read before; nil if there is no such item.
  func item(_ number: Int, ofArrayAt start: Int) -> Int? {
    var reader = self
    reader.position = start
    guard let type = try? reader.integer(UInt32.self, ""),
      let count = try? reader.integer(UInt64.self, ""), number < count
    else { return nil }
    for _ in 0 ..< number {
      guard (try? reader.value(type: type, key: "", depth: 1)) != nil else { return nil }
    }
    return reader.position
  }

  // MARK: Values

  private mutating func value(type: UInt32, key: String, depth: Int)
    throws(FormatError) -> GGUF.Value
  {
    switch type {
    case 0: .integer(Int(try integer(UInt8.self, key)))
    case 1: .integer(Int(try integer(Int8.self, key)))
    case 2: .integer(Int(try integer(UInt16.self, key)))
    case 3: .integer(Int(try integer(Int16.self, key)))
    case 4: .integer(Int(try integer(UInt32.self, key)))
    case 5: .integer(Int(try integer(Int32.self, key)))
    case 6: .number(Double(Float(bitPattern: try integer(UInt32.self, key))))
    case 7: try bool(key)
    case 8: .string(try string(key, limit: GGUF.stringBytesMax))
    case 9: try array(key, depth: depth)
    case 10: unsigned(try integer(UInt64.self, key))
    case 11: .integer(Int(try integer(Int64.self, key)))
    case 12: .number(Double(bitPattern: try integer(UInt64.self, key)))
    default: throw blame("\(key) has the unknown value type \(type)")
    }
  }

  private func unsigned(_ value: UInt64) -> GGUF.Value {
    Int(exactly: value).map { .integer($0) } ?? .unsigned(value)
  }

  private mutating func bool(_ key: String) throws(FormatError) -> GGUF.Value {
    let byte = try integer(UInt8.self, key)
    guard byte <= 1 else { throw blame("\(key) is a truth value of \(byte)", at: position - 1) }
    return .bool(byte == 1)
  }

  private mutating func array(_ key: String, depth: Int) throws(FormatError) -> GGUF.Value {
    guard depth < GGUF.arrayDepthMax else {
      throw blame("\(key) nests deeper than \(GGUF.arrayDepthMax) arrays")
    }
    let type = try integer(UInt32.self, "the item type of \(key)")
    let bytesEach = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8]
    guard type < bytesEach.count else {
      throw blame("\(key) has the unknown item type \(type)", at: position - 4)
    }
    let count = try count(
      "items in \(key)",
      limit: GGUF.itemsMax - items,
      bytesEach: bytesEach[Int(type)]
    )
    items += count
    var values: [GGUF.Value] = []
    values.reserveCapacity(count)
    for _ in 0 ..< count { values.append(try value(type: type, key: key, depth: depth + 1)) }
    return .array(values)
  }

  // MARK: Tensors

  /// The key of what the places of tensors are multiples of.
  static let alignmentKey = "general.alignment"

  mutating func tensors(
    count: Int,
    metadata: [String: GGUF.Value],
    alignmentAt alignmentPlace: Int?
  )
    throws(FormatError) -> [StoredTensor]
  {
    let alignment = try alignment(metadata, at: alignmentPlace)
    var heads: [Head] = []
    for _ in 0 ..< count { heads.append(try head()) }
    let (padded, overflow) = position.addingReportingOverflow(alignment - 1)
    guard !overflow else { throw blame("the tensor data would begin beyond all files") }
    let base = padded / alignment * alignment
    var tensors: [StoredTensor] = []
    for head in heads { tensors.append(try place(head, base: base, alignment: alignment)) }
    try checkNames(heads)
    try checkOverlap(heads)
    return tensors
  }

  /// A tensor's entry, before the start of the tensor data is known.
  private struct Head {
    var name: String
    var shape: [Int]
    var type: ElementType
    var offset: Int
    var entry: Int
    var count: Int
    var bytes: Int
  }

  private func alignment(_ metadata: [String: GGUF.Value], at place: Int?)
    throws(FormatError) -> Int
  {
    guard let value = metadata[Self.alignmentKey] else { return 32 }
    guard case .integer(let alignment) = value, (8 ... GGUF.alignmentMax).contains(alignment),
      alignment & (alignment - 1) == 0
    else {
      throw blame(
        "\(Self.alignmentKey) is not a power of two in 8 ... \(GGUF.alignmentMax)",
        at: place
      )
    }
    return alignment
  }

  private mutating func head() throws(FormatError) -> Head {
    let entry = position
    let name = try name("a tensor name")
    let dimensions = try integer(UInt32.self, "the dimensions of \(name)")
    guard (1 ... UInt32(GGUF.dimensionsMax)).contains(dimensions) else {
      throw blame(
        "\(name) has \(dimensions) dimensions, not 1 ... \(GGUF.dimensionsMax)",
        at: entry
      )
    }
    var shape: [Int] = []
    for _ in 0 ..< dimensions {
      let dimension = try integer(UInt64.self, "a dimension of \(name)")
      guard (1 ... UInt64(GGUF.dimensionMax)).contains(dimension) else {
        throw blame("\(name) has a dimension of \(dimension), not 1 ... \(GGUF.dimensionMax)")
      }
      shape.insert(Int(dimension), at: 0)
    }
    let type = try elementType(of: name)
    guard shape[shape.count - 1] % type.blockElements == 0 else {
      throw blame("\(name) of \(shape) is not whole blocks of \(type.rawValue)", at: entry)
    }
    guard let count = elementCount(shape), let bytes = type.bytes(count: count) else {
      throw blame("\(name) of \(shape) is larger than any file", at: entry)
    }
    let offset = try integer(UInt64.self, "the offset of \(name)")
    guard let offset = Int(exactly: offset) else {
      throw blame("\(name) lies at \(offset), beyond all files", at: position - 8)
    }
    return Head(
      name: name,
      shape: shape,
      type: type,
      offset: offset,
      entry: entry,
      count: count,
      bytes: bytes
    )
  }

  private mutating func elementType(of name: String) throws(FormatError) -> ElementType {
    let identifier = try integer(UInt32.self, "the type of \(name)")
    switch identifier {
    case 0: return .f32
    case 1: return .f16
    case 2: return .q4_0
    case 3: return .q4_1
    case 6: return .q5_0
    case 7: return .q5_1
    case 8: return .q8_0
    case 12: return .q4_k
    case 13: return .q5_k
    case 14: return .q6_k
    case 30: return .bf16
    default:
      let type = unreadTypes[identifier] ?? "of the unknown type \(identifier)"
      let read = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw blame("\(name) is \(type); read are \(read)", at: position - 4)
    }
  }

  private func place(_ head: Head, base: Int, alignment: Int)
    throws(FormatError) -> StoredTensor
  {
    guard head.offset % alignment == 0 else {
      throw blame(
        "\(head.name) lies at \(head.offset), not a multiple of \(alignment)",
        at: head.entry
      )
    }
    guard base <= file.count, head.offset <= file.count - base,
      head.bytes <= file.count - base - head.offset
    else {
      throw blame(
        "\(head.name) takes \(head.bytes) bytes at \(head.offset) of the tensor data, "
          + "which begins at \(base) of a file of \(file.count) bytes",
        at: head.entry
      )
    }
    return StoredTensor(
      name: head.name,
      shape: head.shape,
      typeName: head.type.rawValue,
      type: head.type,
      path: path,
      file: file,
      offset: base + head.offset,
      count: head.count
    )
  }

  private func checkNames(_ heads: [Head]) throws(FormatError) {
    var seen: Set<String> = []
    for head in heads where !seen.insert(head.name).inserted {
      throw blame("the tensor \(head.name) appears twice", at: head.entry)
    }
  }

  private func checkOverlap(_ heads: [Head]) throws(FormatError) {
    let order = heads.sorted { $0.offset < $1.offset }
    for (first, second) in zip(order, order.dropFirst())
    where second.offset < first.offset + first.bytes {
      throw blame("\(second.name) overlaps \(first.name)", at: second.entry)
    }
  }

  // MARK: Pieces

  private func blame(_ reason: String, at offset: Int? = nil) -> FormatError {
    FormatError(path: path, offset: offset ?? position, reason: reason)
  }

  private mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ type: Integer.Type,
    _ what: String
  ) throws(FormatError) -> Integer {
    let width = type.bitWidth / 8
    guard width <= file.count - position else { throw blame("the file ends inside \(what)") }
    defer { position += width }
    return file.integer(type, at: position)
  }

  /// A count of things that take `bytesEach` at least, so that no claim outgrows the file.
  private mutating func count(_ what: String, limit: Int, bytesEach: Int)
    throws(FormatError) -> Int
  {
    let claimed = try integer(UInt64.self, "the number of \(what)")
    guard claimed <= UInt64(limit) else {
      throw blame("claims \(claimed) \(what); the limit is \(limit)", at: position - 8)
    }
    guard Int(claimed) <= (file.count - position) / bytesEach else {
      throw blame(
        "claims \(claimed) \(what), but \(file.count - position) bytes are left",
        at: position - 8
      )
    }
    return Int(claimed)
  }

  private mutating func string(_ what: String, limit: Int) throws(FormatError) -> [UInt8] {
    let length = try count("bytes of \(what)", limit: limit, bytesEach: 1)
    defer { position += length }
    return file.bytes(position ..< position + length)
  }

  private mutating func name(_ what: String) throws(FormatError) -> String {
    let start = position
    let bytes = try string(what, limit: GGUF.nameBytesMax)
    guard let name = String(validating: bytes, as: UTF8.self), !name.isEmpty else {
      throw blame("\(what) is empty or not UTF-8", at: start)
    }
    return name
  }
}

/// The names of element types that exist but are not read.
private let unreadTypes: [UInt32: String] = [
  9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
  19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32",
  27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
]
