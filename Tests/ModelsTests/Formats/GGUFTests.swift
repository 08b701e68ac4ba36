import Support
import Tensors
import Testing

@testable import Models

/// Writes GGUF files by hand, honest or not.
struct GGUFWriter {
  var bytes: [UInt8] = []

  init(tensors: UInt64, metadata: UInt64, version: UInt32 = 3) {
    bytes = Array("GGUF".utf8)
    put(version)
    put(tensors)
    put(metadata)
  }

  mutating func put<Integer: FixedWidthInteger>(_ value: Integer) {
    for shift in stride(from: 0, to: Integer.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> Integer(shift)))
    }
  }

  mutating func put(_ text: String) {
    put(UInt64(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func tensor(_ name: String, _ dimensions: [UInt64], type: UInt32, offset: UInt64) {
    put(name)
    put(UInt32(dimensions.count))
    for dimension in dimensions { put(dimension) }
    put(type)
    put(offset)
  }

  mutating func pad(to alignment: Int = 32, plus count: Int) {
    while bytes.count % alignment != 0 { bytes.append(0) }
    bytes += [UInt8](repeating: 0, count: count)
  }
}

/// The head of a GGUF file is read exactly, and refused with the place of what is wrong.
struct GGUFTests {
  private func read(_ writer: GGUFWriter) throws -> GGUF {
    let folder = try TemporaryFolder()
    return try GGUF(path: try folder.write(writer.bytes, to: "made.gguf"))
  }

  private func refusal(_ writer: GGUFWriter) -> FormatError? {
    #expect(throws: FormatError.self) { try read(writer) }
  }

  @Test func everyKindOfValueIsRead() throws {
    var writer = GGUFWriter(tensors: 0, metadata: 13)
    func entry(_ key: String, _ type: UInt32, _ value: (inout GGUFWriter) -> Void) {
      writer.put(key)
      writer.put(type)
      value(&writer)
    }
    entry("u8", 0) { $0.put(UInt8(200)) }
    entry("i8", 1) { $0.put(Int8(-2)) }
    entry("u16", 2) { $0.put(UInt16(65_535)) }
    entry("i16", 3) { $0.put(Int16(-3)) }
    entry("u32", 4) { $0.put(UInt32.max) }
    entry("i32", 5) { $0.put(Int32.min) }
    entry("f32", 6) { $0.put(Float(1.5).bitPattern) }
    entry("bool", 7) { $0.put(UInt8(1)) }
    entry("string", 8) { $0.put("çay") }
    entry("array", 9) {
      $0.put(UInt32(9))
      $0.put(UInt64(2))
      for values in [[UInt16(1), 2], []] {
        $0.put(UInt32(2))
        $0.put(UInt64(values.count))
        for value in values { $0.put(value) }
      }
    }
    entry("u64", 10) { $0.put(UInt64.max) }
    entry("i64", 11) { $0.put(Int64.min) }
    entry("f64", 12) { $0.put(Double.pi.bitPattern) }
    let wanted: [String: GGUF.Value] = [
      "u8": .integer(200), "i8": .integer(-2), "u16": .integer(65_535), "i16": .integer(-3),
      "u32": .integer(4_294_967_295), "i32": .integer(-2_147_483_648), "f32": .number(1.5),
      "bool": .bool(true), "string": .string(Array("çay".utf8)),
      "array": .array([.array([.integer(1), .integer(2)]), .array([])]),
      "u64": .unsigned(.max), "i64": .integer(.min), "f64": .number(.pi),
    ]
    #expect(try read(writer).metadata == wanted)
  }

  @Test func tensorsLieWhereTheyAre() throws {
    var writer = GGUFWriter(tensors: 2, metadata: 1)
    writer.put("general.alignment")
    writer.put(UInt32(4))
    writer.put(UInt32(8))
    writer.tensor("a", [32, 2], type: 8, offset: 0)
    writer.tensor("b", [3], type: 0, offset: 72)
    writer.pad(to: 8, plus: 84)
    let tensors = try read(writer).tensors
    #expect(tensors.map(\.name) == ["a", "b"])
    #expect(tensors.map(\.shape) == [[2, 32], [3]])
    #expect(tensors.map(\.type) == [.q8_0, .f32])
    #expect(tensors[1].offset - tensors[0].offset == 72)
    writer.bytes.removeLast()
    #expect(refusal(writer)?.reason.contains("b takes 12 bytes at 72") == true)
  }

  @Test func otherVersionsAreRefusedByName() {
    let second = refusal(GGUFWriter(tensors: 0, metadata: 0, version: 2))
    #expect(second?.offset == 4)
    #expect(second?.reason == "is GGUF version 2; only version 3 is read")
    let turned = refusal(GGUFWriter(tensors: 0, metadata: 0, version: 0x0300_0000))
    #expect(turned?.reason.contains("big-endian") == true)
    var foreign = GGUFWriter(tensors: 0, metadata: 0)
    foreign.bytes[0] = 0x50
    #expect(refusal(foreign)?.offset == 0)
  }

  @Test(arguments: [(11, "Q3_K"), (20, "IQ4_NL"), (27, "I64"), (99, "of the unknown type 99")])
  func otherElementTypesAreRefusedByName(type: UInt32, name: String) {
    var writer = GGUFWriter(tensors: 1, metadata: 0)
    writer.tensor("w", [256], type: type, offset: 0)
    writer.pad(plus: 4_096)
    let read = "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K"
    #expect(refusal(writer)?.reason == "w is \(name); read are \(read)")
  }

  @Test(arguments: [
    (6, "Q5_0", 33), (7, "Q5_1", 16), (12, "Q4_K", 128), (13, "Q5_K", 255), (14, "Q6_K", 32),
  ])
  func partsOfBlocksAreRefused(type: UInt32, name: String, width: Int) {
    var writer = GGUFWriter(tensors: 1, metadata: 0)
    writer.tensor("w", [UInt64(width)], type: type, offset: 0)
    writer.pad(plus: 4_096)
    #expect(refusal(writer)?.reason == "w of [\(width)] is not whole blocks of \(name)")
  }

  @Test func tensorsOfKTypesMustFitTheFile() {
    var writer = GGUFWriter(tensors: 1, metadata: 0)
    writer.tensor("w", [256], type: 14, offset: 0)
    writer.pad(plus: 209)
    #expect(refusal(writer)?.reason.contains("w takes 210 bytes at 0 of the tensor data") == true)
  }

  @Test func countsAreHeldAgainstLimitAndFile() {
    let many = refusal(GGUFWriter(tensors: 1 << 40, metadata: 0))
    #expect(many?.offset == 8)
    #expect(many?.reason == "claims 1099511627776 tensors; the limit is 65536")
    let few = refusal(GGUFWriter(tensors: 0, metadata: 9))
    #expect(few?.offset == 16)
    #expect(few?.reason == "claims 9 metadata entries, but 0 bytes are left")
    var long = GGUFWriter(tensors: 0, metadata: 1)
    long.put("key")
    long.put(UInt32(8))
    long.put(UInt64.max)
    #expect(long.bytes.count == 47)
    #expect(refusal(long)?.offset == 39)
    var deep = GGUFWriter(tensors: 0, metadata: 1)
    deep.put("deep")
    deep.put(UInt32(9))
    for _ in 0 ..< 5 {
      deep.put(UInt32(9))
      deep.put(UInt64(1))
    }
    #expect(refusal(deep)?.reason == "deep nests deeper than 4 arrays")
  }

  @Test func shapesThatCannotBeAreRefused() {
    func refusalOf(_ dimensions: [UInt64], type: UInt32, offset: UInt64 = 0) -> String? {
      var writer = GGUFWriter(tensors: 1, metadata: 0)
      writer.tensor("w", dimensions, type: type, offset: offset)
      writer.pad(plus: 256)
      return refusal(writer)?.reason
    }
    #expect(refusalOf([31], type: 2)?.contains("not whole blocks of Q4_0") == true)
    #expect(refusalOf([16, 2], type: 2)?.contains("not whole blocks of Q4_0") == true)
    #expect(refusalOf([0], type: 0)?.contains("a dimension of 0") == true)
    #expect(refusalOf([1 << 31], type: 0)?.contains("a dimension of 2147483648") == true)
    let most = UInt64(Int32.max)
    #expect(refusalOf([most, most, most], type: 0)?.contains("larger than any file") == true)
    #expect(refusalOf([most, most], type: 0)?.contains("larger than any file") == true)
    #expect(refusalOf([most, 1 << 20], type: 0)?.contains("of a file of") == true)
    #expect(refusalOf([], type: 0)?.contains("has 0 dimensions") == true)
    #expect(refusalOf([4], type: 0, offset: 8)?.contains("not a multiple of 32") == true)
    #expect(refusalOf([4], type: 0, offset: 1 << 63)?.contains("beyond all files") == true)
    #expect(refusalOf([4], type: 0, offset: 1 << 62)?.contains("of a file of") == true)
  }

  @Test func twinsAndOverlapsAreRefused() {
    var twins = GGUFWriter(tensors: 2, metadata: 0)
    twins.tensor("w", [4], type: 0, offset: 0)
    twins.tensor("w", [4], type: 0, offset: 32)
    twins.pad(plus: 64)
    #expect(refusal(twins)?.reason == "the tensor w appears twice")
    var overlap = GGUFWriter(tensors: 2, metadata: 0)
    overlap.tensor("b", [4], type: 0, offset: 32)
    overlap.tensor("a", [12], type: 0, offset: 0)
    overlap.pad(plus: 64)
    #expect(refusal(overlap)?.reason == "b overlaps a")
    var keys = GGUFWriter(tensors: 0, metadata: 2)
    for _ in 0 ..< 2 {
      keys.put("k")
      keys.put(UInt32(7))
      keys.put(UInt8(0))
    }
    #expect(refusal(keys)?.reason == "the metadata key k appears twice")
  }
}
