import Support
import Tensors
import Testing

@testable import Models

/// Safetensors headers are read exactly: the tensors tile the data, or the file is refused.
struct SafetensorsTests {
  private func bytes(_ header: String, data: Int) -> [UInt8] {
    let count = UInt64(header.utf8.count)
    return (0 ..< 8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) }
      + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  private func read(_ header: String, data: Int) throws -> Safetensors {
    let folder = try TemporaryFolder()
    return try Safetensors(path: try folder.write(bytes(header, data: data), to: "w.safetensors"))
  }

  private func refusal(_ header: String, data: Int) -> String? {
    #expect(throws: FormatError.self) { try read(header, data: data) }?.reason
  }

  private func entry(_ name: String, _ type: String, _ shape: String, _ from: Int, _ to: Int)
    -> String
  {
    "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(from),\(to)]}"
  }

  @Test func tensorsAreFoundInOrderOfPlace() throws {
    let header =
      "{\"__metadata__\":{\"format\":\"pt\"},"
      + [entry("b", "I64", "[1]", 8, 16), entry("a", "F16", "[2,2]", 0, 8)].joined(separator: ",")
      + "," + entry("c", "F32", "[0]", 16, 16) + "}"
    let file = try read(header, data: 16)
    #expect(file.tensors.map(\.name) == ["a", "b", "c"])
    #expect(file.tensors.map(\.type) == [.f16, nil, .f32])
    #expect(file.tensors.map(\.count) == [4, 1, 0])
    #expect(file.tensors[1].offset == 8 + header.utf8.count + 8)
  }

  @Test func liesAreRefused() {
    func one(_ type: String, _ shape: String, _ from: Int, _ to: Int, data: Int = 16) -> String? {
      refusal("{\(entry("w", type, shape, from, to))}", data: data)
    }
    #expect(one("F32", "[4]", 0, 12)?.contains("does not fill the 12 bytes") == true)
    #expect(one("F32", "[4]", 0, 16, data: 17)?.contains("1 bytes after the last") == true)
    #expect(one("F32", "[3]", 4, 16)?.contains("a hole before w") == true)
    #expect(one("F32", "[4]", 16, 0)?.contains("offsets that do not lie in") == true)
    #expect(one("F32", "[4]", 4, 20)?.contains("offsets that do not lie in") == true)
    #expect(one("Q4_0", "[32]", 0, 18)?.contains("unknown type Q4_0") == true)
    #expect(one("F4", "[4]", 0, 2)?.contains("unknown type F4") == true)
    #expect(one("F32", "[-4]", 0, 16)?.contains("no shape") == true)
    #expect(one("F32", "[4,\"4\"]", 0, 16)?.contains("no shape") == true)
    #expect(one("F32", "[4611686018427387904,4]", 0, 16)?.contains("no shape") == true)
    #expect(one("F32", "[4611686018427387904]", 0, 16)?.contains("does not fill") == true)
    let overlap = "{\(entry("a", "F32", "[3]", 0, 12)),\(entry("b", "F32", "[2]", 8, 16))}"
    #expect(refusal(overlap, data: 16)?.contains("b overlaps") == true)
    #expect(refusal("[]", data: 0)?.contains("not a JSON object") == true)
  }

  @Test func headerLengthIsHeldAgainstLimitAndFile() throws {
    let folder = try TemporaryFolder()
    func refusal(_ bytes: [UInt8]) -> FormatError? {
      #expect(throws: FormatError.self) {
        try Safetensors(path: try folder.write(bytes, to: "w.safetensors"))
      }
    }
    let huge = refusal([UInt8](repeating: 0xFF, count: 64))
    #expect(huge?.offset == 0)
    #expect(huge?.reason.contains("the limit is 16777216") == true)
    #expect(refusal([200, 0, 0, 0, 0, 0, 0, 0, 1])?.reason.contains("but 1 are left") == true)
    #expect(refusal([1, 2, 3])?.reason.contains("inside the header length") == true)
  }

  @Test(arguments: ["../model.safetensors", "/etc/passwd", "", ".hidden"])
  func shardsLieInTheSameFolder(name: String) throws {
    let folder = try TemporaryFolder()
    let index = "{\"weight_map\":{\"w\":\"\(name)\"}}"
    _ = try folder.write(Array(index.utf8), to: "model.safetensors.index.json")
    let error = #expect(throws: FormatError.self) {
      try SafetensorsFolder(directory: folder.path)
    }
    #expect(error?.reason == "w is not mapped to a plain file name")
  }
}
